//! radiostation
