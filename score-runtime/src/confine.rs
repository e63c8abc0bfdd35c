//! What the system keeps this process from, whatever the contract's language and tricks.
//!
//! In force from after the package was found until the process ends, for every thread started
//! later: no new privileges, resource limits, Landlock rules on files, ports and signals, and a
//! seccomp filter on system calls. What a system does not offer is left out, and said.

use std::path::Path;

use rlimit::Resource;

/// Bytes of one file: a store's files are far smaller, a runaway log or database is not.
const FILE_BYTES_MAX: u64 = 64 << 30;

/// Keeps this process to its store and its package. Must be called by the main thread while it is
/// the only one. `memory_bytes_max` is of private memory; 0 sets no limit.
///
/// Returns one line for each kind of confinement: what is in force, or why it is not.
pub fn confine(storage: &Path, package: &Path, memory_bytes_max: u64) -> Vec<String> {
    let mut lines = vec![limit_resources(memory_bytes_max)];
    lines.extend(system::confine(storage, package));
    lines
}

/// Has the system put this program at the same addresses each time, from its next start on; whether
/// it did so for this start, or cannot. Some values that Python hashes by address (`None` in sets,
/// for one) are then in the same order on every peer with the same programs.
pub fn fix_addresses() -> bool {
    system::fix_addresses()
}

fn limit_resources(memory_bytes_max: u64) -> String {
    let memory = (memory_bytes_max > 0).then_some((Resource::DATA, "memory", memory_bytes_max));
    let limits = [(Resource::CORE, "core dumps", 0), (Resource::FSIZE, "a file", FILE_BYTES_MAX)];
    let described = memory.into_iter().chain(limits).map(|(resource, what, bytes)| {
        let hard = resource.get_hard().map_or(bytes, |hard| bytes.min(hard));
        match resource.set(hard, hard) {
            Ok(()) => format!("{what} at most {hard} bytes"),
            Err(error) => format!("{what} not limited ({error})"),
        }
    });
    format!("resource limits: {}", described.collect::<Vec<_>>().join(", "))
}

#[cfg(target_os = "linux")]
mod system {
    use std::collections::BTreeMap;
    use std::path::Path;

    use landlock::{
        ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
        RulesetStatus, Scope, path_beneath_rules,
    };
    use seccompiler::{
        BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
        SeccompFilter, SeccompRule, TargetArch, apply_filter,
    };

    /// What an interpreter and a database read of the system.
    const READABLE: [&str; 10] = [
        "/usr",
        "/lib",
        "/lib64",
        "/etc/ld.so.cache",
        "/etc/localtime",
        "/dev/null",
        "/dev/zero",
        "/dev/urandom",
        "/proc/sys/kernel/random",
        "/sys/devices/system/cpu",
    ];

    #[allow(unsafe_code)]
    pub fn fix_addresses() -> bool {
        /// Asks for the present flags.
        const ASK: libc::c_ulong = 0xffff_ffff;
        let wanted = libc::ADDR_NO_RANDOMIZE;
        // SAFETY: the call takes a number, and touches no memory of ours.
        let now = unsafe { libc::personality(ASK) };
        if now == -1 || now & wanted != 0 {
            return true;
        }
        // SAFETY: as above.
        let set = unsafe { libc::personality((now | wanted) as libc::c_ulong) };
        // Where it is not allowed there is nothing to start anew for.
        set == -1
    }

    pub fn confine(storage: &Path, package: &Path) -> Vec<String> {
        let files = match restrict_files(storage, package) {
            Ok(RulesetStatus::FullyEnforced) => "landlock: in force".to_owned(),
            Ok(RulesetStatus::PartiallyEnforced) => {
                "landlock: in force as far as this kernel knows it".to_owned()
            }
            Ok(RulesetStatus::NotEnforced) => {
                "landlock: not in force, this kernel does not offer it".to_owned()
            }
            Err(error) => format!("landlock: not in force ({error})"),
        };
        let calls = match filter_calls() {
            Ok(()) => "seccomp: in force, no new privileges".to_owned(),
            Err(error) => format!("seccomp: not in force ({error})"),
        };
        vec![files, calls]
    }

    /// Only the store may be changed, only the package and the system's own files be read; no TCP
    /// port, no socket of another process and no process outside may be reached.
    fn restrict_files(storage: &Path, package: &Path) -> Result<RulesetStatus, RulesetError> {
        let abi = ABI::V6;
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let status = Ruleset::default()
            .handle_access(AccessFs::from_all(abi))?
            .handle_access(AccessNet::from_all(abi))?
            .scope(Scope::from_all(abi))?
            .create()?
            .add_rules(path_beneath_rules([package], read))?
            .add_rules(path_beneath_rules(READABLE, read))?
            .add_rules(path_beneath_rules([storage], AccessFs::from_all(abi)))?
            .restrict_self()?;
        Ok(status.ruleset)
    }

    #[derive(Debug, thiserror::Error)]
    enum FilterError {
        #[error(transparent)]
        Compile(#[from] BackendError),
        #[error(transparent)]
        Apply(#[from] seccompiler::Error),
    }

    fn filter_calls() -> Result<(), FilterError> {
        let not_permitted = SeccompAction::Errno(libc::EPERM as u32);
        apply(refused_calls()?, not_permitted)?;
        // Its flags lie in memory where a filter cannot look; the C library then uses `clone`.
        let missing = SeccompAction::Errno(libc::ENOSYS as u32);
        apply(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), missing)
    }

    fn apply(
        rules: BTreeMap<i64, Vec<SeccompRule>>,
        action: SeccompAction,
    ) -> Result<(), FilterError> {
        let machine = TargetArch::try_from(std::env::consts::ARCH)?;
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, machine)?;
        let program = BpfProgram::try_from(filter)?;
        Ok(apply_filter(&program)?)
    }

    /// System calls that neither an interpreter nor a database needs once it runs, and that reach
    /// other processes, the network, the machine, or a way around this filter.
    const REFUSED: &[i64] = &[
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_kcmp,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_pidfd_send_signal,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_move_mount,
        libc::SYS_open_tree,
        libc::SYS_fsopen,
        libc::SYS_fsmount,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_setns,
        libc::SYS_unshare,
        libc::SYS_open_by_handle_at,
        libc::SYS_mknodat,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_keyctl,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_clock_adjtime,
        libc::SYS_adjtimex,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_acct,
        libc::SYS_quotactl,
        libc::SYS_syslog,
        libc::SYS_personality,
        libc::SYS_setuid,
        libc::SYS_setgid,
        libc::SYS_setresuid,
        libc::SYS_setresgid,
        libc::SYS_setreuid,
        libc::SYS_setregid,
        libc::SYS_setgroups,
        libc::SYS_capset,
        libc::SYS_shmget,
        libc::SYS_shmat,
        libc::SYS_semget,
        libc::SYS_msgget,
        libc::SYS_mq_open,
        libc::SYS_fanotify_init,
    ];

    /// Those, and calls that are refused with some arguments only.
    fn refused_calls() -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = REFUSED
            .iter()
            .copied()
            .chain(of_this_machine())
            .map(|call| (call, Vec::new()))
            .collect();
        // A thread, not a process.
        let process = is(0, SeccompCmpOp::MaskedEq(libc::CLONE_THREAD as u64), 0)?;
        rules.insert(libc::SYS_clone, vec![process]);
        let me = u64::from(std::process::id());
        rules.insert(libc::SYS_kill, vec![is(0, SeccompCmpOp::Ne, me)?]);
        rules.insert(libc::SYS_tgkill, vec![is(0, SeccompCmpOp::Ne, me)?]);
        rules.insert(libc::SYS_prlimit64, vec![is(2, SeccompCmpOp::Ne, 0)?]);
        Ok(rules)
    }

    fn is(argument: u8, how: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
        let length = SeccompCmpArgLen::Qword;
        SeccompRule::new(vec![SeccompCondition::new(argument, length, how, value)?])
    }

    #[cfg(target_arch = "x86_64")]
    fn of_this_machine() -> Vec<i64> {
        /// Marks calls of the x32 interface, which would get past numbers of the other.
        const X32: i64 = 0x4000_0000;
        let old = [
            libc::SYS_fork,
            libc::SYS_vfork,
            libc::SYS_mknod,
            libc::SYS_setrlimit,
            libc::SYS_iopl,
            libc::SYS_ioperm,
            libc::SYS_modify_ldt,
        ];
        old.into_iter().chain((0..=547).map(|call| X32 | call)).collect()
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn of_this_machine() -> Vec<i64> {
        Vec::new()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::path::Path;

    pub fn fix_addresses() -> bool {
        true
    }

    pub fn confine(_storage: &Path, _package: &Path) -> Vec<String> {
        vec!["landlock and seccomp: not in force, Linux alone offers them".to_owned()]
    }
}
