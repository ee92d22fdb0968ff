//! Reader of one kind of file.
