//! The auditor as a whole: readers over fixtures and published files, checks over theirs, credentials over the labelled corpus.

mod checks;
mod corpus;
mod files;
mod make;
mod n8n;
mod rewire;
mod zapier;
