//! Git repositories of packages, through the `git` program.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tracing::warn;

/// Versions listed, newest first.
const VERSIONS_MAX: &str = "1000";

/// Git could not do what was needed.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("git cannot be run ({0}); it is needed for SCORE packages in repositories")]
    Missing(std::io::Error),
    #[error("git {command} failed: {reason}")]
    Failed { command: String, reason: String },
    #[error("the SCORE's repository {repository} has no branch '{branch}'; it has: {branches}")]
    NoBranch { repository: String, branch: String, branches: String },
    #[error("a version of the SCORE could not be checked out: {0}")]
    Checkout(std::io::Error),
}

/// A repository on this machine. It is read, and its remote branches are fetched; its own
/// branches and files are left alone.
#[derive(Debug)]
pub struct Repository {
    git_folder: PathBuf,
}

impl Repository {
    /// The repository whose top is `folder`, with files or bare.
    pub fn open(folder: &Path) -> Option<Repository> {
        let inner = folder.join(".git");
        let bare = folder.join("objects").is_dir() && folder.join("HEAD").is_file();
        let git_folder = if inner.exists() { inner } else { folder.to_owned() };
        (git_folder != folder || bare).then_some(Repository { git_folder })
    }

    /// Clones `package` from `base`: a host for ssh, an URL, or a path.
    pub fn clone_from(
        base: &str,
        package: &str,
        key_path: &str,
        to: &Path,
    ) -> Result<Repository, GitError> {
        let url = url(base, package);
        let unfinished = to.with_extension("unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(GitError::Checkout)?;
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(GitError::Checkout)?;
        }
        let mut command = git(key_path);
        command.args(["clone", "--quiet", "--bare", "--", &url]).arg(&unfinished);
        run(command)?;
        fs::rename(&unfinished, to).map_err(GitError::Checkout)?;
        Ok(Repository { git_folder: to.to_owned() })
    }

    /// Fetches `branch` from the repository's first remote, if it has one.
    pub fn fetch(&self, branch: &str, key_path: &str) -> Result<(), GitError> {
        let Some(remote) = self.remote()? else { return Ok(()) };
        let refspec = format!("+refs/heads/{branch}:refs/remotes/{remote}/{branch}");
        let mut command = self.git(key_path);
        command.args(["fetch", "--quiet", "--no-tags", &remote, &refspec]);
        run(command).map(drop)
    }

    /// The newest commit of `branch`: the remote's when the local branch leads to it.
    pub fn tip(&self, branch: &str) -> Result<String, GitError> {
        let local = self.commit(&format!("refs/heads/{branch}"))?;
        let remote = match self.remote()? {
            Some(remote) => self.commit(&format!("refs/remotes/{remote}/{branch}"))?,
            None => None,
        };
        match (local, remote) {
            (Some(local), Some(remote)) if self.leads_to(&local, &remote)? => Ok(remote),
            (Some(local), Some(remote)) => {
                if !self.leads_to(&remote, &local)? {
                    warn!(
                        branch,
                        "the SCORE's branch differs from its remote; using the local one"
                    );
                }
                Ok(local)
            }
            (Some(tip), None) | (None, Some(tip)) => Ok(tip),
            (None, None) => Err(GitError::NoBranch {
                repository: self.git_folder.display().to_string(),
                branch: branch.to_owned(),
                branches: self.ask(&["branch", "--format=%(refname:short)"])?.replace('\n', ", "),
            }),
        }
    }

    /// `tip` and the commits before it, newest first.
    pub fn versions(&self, tip: &str) -> Result<Vec<String>, GitError> {
        let list = self.ask(&["rev-list", "--max-count", VERSIONS_MAX, tip])?;
        Ok(list.lines().map(str::to_owned).collect())
    }

    /// Puts the files of `commit` into `folder`, unless they are there.
    pub fn checkout(&self, commit: &str, folder: &Path) -> Result<(), GitError> {
        if folder.is_dir() {
            return Ok(());
        }
        let unfinished = folder.with_extension("unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(GitError::Checkout)?;
        }
        fs::create_dir_all(&unfinished).map_err(GitError::Checkout)?;
        let index = folder.with_extension("index");
        for arguments in [&["read-tree", commit][..], &["checkout-index", "--all", "--force"]] {
            let mut command = self.git("");
            command.arg("--work-tree").arg(&unfinished).args(arguments);
            command.env("GIT_INDEX_FILE", &index).current_dir(&unfinished);
            run(command)?;
        }
        fs::remove_file(&index).map_err(GitError::Checkout)?;
        fs::rename(&unfinished, folder).map_err(GitError::Checkout)
    }

    fn remote(&self) -> Result<Option<String>, GitError> {
        Ok(self.ask(&["remote"])?.lines().next().map(str::to_owned))
    }

    fn commit(&self, reference: &str) -> Result<Option<String>, GitError> {
        let commit = format!("{reference}^{{commit}}");
        match self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]) {
            Ok(commit) => Ok(Some(commit.trim().to_owned())),
            Err(GitError::Failed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn leads_to(&self, older: &str, newer: &str) -> Result<bool, GitError> {
        match self.ask(&["merge-base", "--is-ancestor", older, newer]) {
            Ok(_) => Ok(true),
            Err(GitError::Failed { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn ask(&self, arguments: &[&str]) -> Result<String, GitError> {
        let mut command = self.git("");
        command.args(arguments);
        run(command).map(|output| output.trim().to_owned())
    }

    fn git(&self, key_path: &str) -> Command {
        let mut command = git(key_path);
        command.arg("--git-dir").arg(&self.git_folder);
        command
    }
}

fn url(base: &str, package: &str) -> String {
    let path = base.starts_with(['/', '.']);
    if path && !Path::new(base).join(format!("{package}.git")).exists() {
        return format!("{}/{package}", base.trim_end_matches('/'));
    }
    let joint = if path || base.contains("://") { '/' } else { ':' };
    format!("{}{joint}{package}.git", base.trim_end_matches(['/', ':']))
}

/// Git without anyone to ask, and without what the repository would like to run.
fn git(key_path: &str) -> Command {
    let mut command = Command::new("git");
    command.args(["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"]);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    let key = if key_path.is_empty() {
        String::new()
    } else {
        format!(" -o IdentitiesOnly=yes -i '{}'", key_path.replace('\'', "'\\''"))
    };
    command.env("GIT_SSH_COMMAND", format!("ssh -o BatchMode=yes{key}"));
    command.stdin(Stdio::null());
    command
}

fn run(mut command: Command) -> Result<String, GitError> {
    let output = command.output().map_err(GitError::Missing)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let arguments: Vec<&OsStr> = command.get_args().skip(4).collect();
    let command = arguments.join(OsStr::new(" ")).to_string_lossy().into_owned();
    let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(GitError::Failed { command, reason })
}

#[cfg(test)]
mod tests;
