/*
 * The undo journal that unsynced.so writes and drop-unsynced reads.
 *
 * It is one append-only file of entries, each followed by its two names and its old bytes:
 *
 *   struct entry | path (path_len) | second path (second_len) | old bytes (data_len)
 *
 * An entry is appended before the change it describes, in one write, so a process killed between the two leaves
 * an entry for a change that never came (undoing it changes nothing), and a torn last entry belongs to no change.
 * A file is known by its inode, for the folder lies on one file system. The position of an entry in the file is its time: a sync records the position from which on it promises nothing.
 * Numbers are in host order: the journal never leaves the machine.
 */
#ifndef VESTIBULE_SHIM_JOURNAL_H
#define VESTIBULE_SHIM_JOURNAL_H

#include <stdint.h>

#define JOURNAL_MAGIC 0x314c4a55u

/* Sets aside files that an unlink or a rename takes away; they lie in the folder "<journal>.held". */
#define HELD_SUFFIX ".held"

enum kind {
    /* old bytes of [offset, offset + length) and the old size of file `inode` */
    KIND_WRITE = 1,
    /* file `inode` was made at `path` in folder `folder` */
    KIND_CREATE = 2,
    /* file `inode` moved from `path` to `second` in folder `folder`; `held` is what lay there, or 0 */
    KIND_RENAME = 3,
    /* file `inode` was removed from `path` in folder `folder`; `held` keeps it */
    KIND_UNLINK = 4,
    /* everything of file `inode` before position `upto` is durable */
    KIND_SYNC = 5,
    /* the names in folder `folder` before position `upto` are durable */
    KIND_SYNC_FOLDER = 6,
    /* everything before position `upto` is durable */
    KIND_SYNC_ALL = 7,
};

struct entry {
    uint32_t magic;
    uint32_t kind;
    uint64_t inode;
    uint64_t folder;
    uint64_t offset;
    uint64_t length;
    uint64_t old_size;
    uint64_t upto;
    uint64_t held;
    uint32_t path_len;
    uint32_t second_len;
    uint64_t data_len;
};

#endif
