//! Table tests, one per rule.
