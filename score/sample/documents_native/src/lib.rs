//! score/sample/documents_native
