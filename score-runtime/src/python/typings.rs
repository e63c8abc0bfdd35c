//! Stubs of the modules that packages import, for editors; carried in this program.

macro_rules! stubs {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../../python/typings/", $name))),)*]
    };
}

/// File names below a folder `typings`, and texts.
pub const TYPINGS: &[(&str, &str)] = stubs! {
    "leveldb.pyi",
    "loopchain/__init__.pyi",
    "loopchain/blockchain/__init__.pyi",
    "loopchain/blockchain/block.pyi",
    "loopchain/blockchain/score_base.pyi",
    "loopchain/blockchain/transaction.pyi",
    "loopchain/configure.pyi",
    "loopchain/protos/__init__.pyi",
    "loopchain/protos/message_code.pyi",
    "loopchain/scoreservice.pyi",
    "loopchain/tools/__init__.pyi",
    "loopchain/tools/score_helper.pyi",
    "loopchain/utils.pyi",
};
