/*
 * drop-unsynced: takes back what a killed process wrote and had not synced, as a power cut would have.
 *
 *   drop-unsynced --dir FOLDER --journal FILE [--seed N [--torn]] [--rename-durable]
 *
 * Without a seed nothing unsynced survives. With one, each block of 4 KiB, each size and each folder goes back to a
 * state of its own between the last sync and the end; with --torn some blocks are torn at sectors of 512 bytes.
 * A state is always one that the file had: a block is never made up. --rename-durable keeps renames and removals, as
 * journalling file systems mostly do. Files that end in -shm are deleted, the journal is emptied.
 *
 * It does not repair anything and does not look into files.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal.h"

#define BLOCK 4096u
#define SECTOR 512u
#define SIZE_UNIT UINT64_MAX

struct item {
    struct entry head;
    uint64_t at;
    const char *path, *second, *data;
};

/* An inode: where it lies now, up to which position it is durable, and the size it is to have. */
struct file {
    uint64_t inode, synced, first, size;
    int fd, touched;
};

static struct item *items;
static size_t item_count;
static struct file *files;
static size_t file_count;
static uint64_t journal_end, all_synced, seed;
static int has_seed, torn, rename_durable;
static char held_folder[PATH_MAX - 32];
static unsigned long undone_writes, kept_pieces, dropped_pieces, undone_names, lost_files;

static void fail(const char *what)
{
    fprintf(stderr, "drop-unsynced: %s: %s\n", what, strerror(errno));
    exit(2);
}

static struct file *file_of(uint64_t inode)
{
    for (size_t i = 0; i < file_count; i++)
        if (files[i].inode == inode)
            return &files[i];
    files = realloc(files, (file_count + 1) * sizeof *files);
    if (files == NULL)
        fail("memory");
    files[file_count] = (struct file){ .inode = inode, .fd = -1, .first = UINT64_MAX };
    return &files[file_count++];
}

static void read_journal(const char *path)
{
    struct stat what;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &what) != 0)
        fail(path);
    char *bytes = malloc((size_t)what.st_size + 1);
    uint64_t size = 0;
    for (ssize_t more; (more = read(fd, bytes + size, (size_t)what.st_size - size)) > 0;)
        size += (uint64_t)more;
    close(fd);
    for (uint64_t at = 0; size - at >= sizeof(struct entry);) {
        struct item item = { .at = at };
        memcpy(&item.head, bytes + at, sizeof item.head);
        if (item.head.magic != JOURNAL_MAGIC) {
            errno = EILSEQ;
            fail("the journal is damaged");
        }
        uint64_t body = at + sizeof item.head, rest = size - body;
        if ((uint64_t)item.head.path_len + item.head.second_len > rest
            || item.head.data_len > rest - item.head.path_len - item.head.second_len)
            break; /* torn: the change it announces was never made */
        item.path = strndup(bytes + body, item.head.path_len);
        item.second = strndup(bytes + body + item.head.path_len, item.head.second_len);
        item.data = bytes + body + item.head.path_len + item.head.second_len;
        items = realloc(items, (item_count + 1) * sizeof *items);
        if (items == NULL || item.path == NULL || item.second == NULL)
            fail("memory");
        items[item_count++] = item;
        at = body + item.head.path_len + item.head.second_len + item.head.data_len;
        journal_end = at;
    }
}

static void read_syncs(void)
{
    for (size_t i = 0; i < item_count; i++) {
        struct entry *head = &items[i].head;
        if (head->kind == KIND_SYNC_ALL && head->upto > all_synced)
            all_synced = head->upto;
        if (head->kind == KIND_SYNC || head->kind == KIND_SYNC_FOLDER) {
            struct file *file = file_of(head->inode);
            file->synced = head->upto > file->synced ? head->upto : file->synced;
        }
    }
}

static int is_durable(const struct item *item)
{
    const struct entry *head = &item->head;
    uint64_t own = file_of(head->inode)->synced, folder = head->folder == 0 ? 0 : file_of(head->folder)->synced;
    if (item->at < all_synced)
        return 1;
    switch (head->kind) {
    case KIND_WRITE:
        return item->at < own;
    case KIND_CREATE:
        return item->at < own || item->at < folder;
    default:
        return rename_durable || item->at < folder;
    }
}

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

static uint64_t chance(uint64_t inode, uint64_t unit)
{
    return mix(mix(mix(seed + 0x9e3779b97f4a7c15u) ^ inode) ^ unit);
}

/* The position from which on changes of this unit are taken back: 0 takes back all, the end of the journal none. */
static uint64_t cut_of(uint64_t inode, uint64_t unit, uint64_t first)
{
    uint64_t draw = chance(inode, unit);
    if (!has_seed || draw % 4 == 0)
        return 0;
    if (draw % 4 == 1)
        return UINT64_MAX;
    return first + (draw >> 8) % (journal_end - first + 1);
}

static void find_files(const char *folder)
{
    DIR *all = opendir(folder);
    if (all == NULL)
        fail(folder);
    for (struct dirent *each; (each = readdir(all)) != NULL;) {
        char path[PATH_MAX];
        struct stat what;
        size_t length = strlen(each->d_name);
        if (strcmp(each->d_name, ".") == 0 || strcmp(each->d_name, "..") == 0)
            continue;
        if (snprintf(path, sizeof path, "%s/%s", folder, each->d_name) >= (int)sizeof path || lstat(path, &what) != 0)
            fail(path);
        if (S_ISDIR(what.st_mode)) {
            find_files(path);
        } else if (length >= 4 && strcmp(each->d_name + length - 4, "-shm") == 0) {
            if (unlink(path) != 0)
                fail(path);
        } else if (S_ISREG(what.st_mode)) {
            struct file *file = file_of(what.st_ino);
            if (file->fd < 0 && (file->fd = open(path, O_RDWR | O_CLOEXEC)) < 0)
                fail(path);
            file->size = (uint64_t)what.st_size;
        }
    }
    closedir(all);
}

/* Puts [from, to) of a file back to what `item` keeps; beyond the old end there were no bytes, so there are zeros. */
static void restore(struct file *file, const struct item *item, uint64_t from, uint64_t to)
{
    struct stat what;
    const struct entry *head = &item->head;
    uint64_t kept = head->offset + head->data_len;
    if (from < kept) {
        uint64_t end = to < kept ? to : kept;
        if (pwrite(file->fd, item->data + (from - head->offset), end - from, (off_t)from) != (ssize_t)(end - from))
            fail("restore");
        from = end;
    }
    if (fstat(file->fd, &what) != 0)
        fail("restore");
    to = to < (uint64_t)what.st_size ? to : (uint64_t)what.st_size;
    static const char zeros[BLOCK];
    while (from < to) {
        uint64_t piece = to - from < BLOCK ? to - from : BLOCK;
        if (pwrite(file->fd, zeros, piece, (off_t)from) != (ssize_t)piece)
            fail("restore");
        from += piece;
    }
}

static void undo_write(const struct item *item)
{
    const struct entry *head = &item->head;
    struct file *file = file_of(head->inode);
    if (file->fd < 0)
        return; /* removed, and the removal is durable */
    file->touched = 1;
    undone_writes++;
    uint64_t end = head->offset + head->length;
    for (uint64_t at = head->offset; at < end;) {
        uint64_t block = at / BLOCK, width = BLOCK, unit = block;
        if (torn && chance(head->inode, ~block) % 4 == 0) {
            width = SECTOR;
            unit = (at / SECTOR) | (uint64_t)1 << 62;
        }
        uint64_t next = (at / width + 1) * width;
        next = next < end ? next : end;
        if (item->at >= cut_of(head->inode, unit, file->first)) {
            restore(file, item, at, next);
            dropped_pieces++;
        } else {
            kept_pieces++;
        }
        at = next;
    }
    if (item->at >= cut_of(head->inode, SIZE_UNIT, file->first))
        file->size = head->old_size;
}

static int inode_is(const char *path, uint64_t inode)
{
    struct stat what;
    return lstat(path, &what) == 0 && what.st_ino == inode;
}

static void undo_name(const struct item *item)
{
    const struct entry *head = &item->head;
    struct stat what;
    char held[PATH_MAX];
    snprintf(held, sizeof held, "%s/%" PRIu64, held_folder, head->held);
    switch (head->kind) {
    case KIND_CREATE:
        if (!inode_is(item->path, head->inode))
            return;
        if (unlink(item->path) != 0)
            fail(item->path);
        lost_files++;
        break;
    case KIND_UNLINK:
        if (lstat(item->path, &what) == 0)
            return;
        if (link(held, item->path) != 0)
            fail(item->path);
        break;
    case KIND_RENAME:
        if (!inode_is(item->second, head->inode))
            return;
        /* a newer file under the old name stays: then the moved one has no name left */
        if (lstat(item->path, &what) == 0 ? unlink(item->second) != 0 : rename(item->second, item->path) != 0)
            fail(item->second);
        if (head->held != 0 && link(held, item->second) != 0)
            fail(item->second);
        break;
    default:
        return;
    }
    undone_names++;
}

static void undo(void)
{
    uint64_t first_name = UINT64_MAX;
    for (size_t i = 0; i < item_count; i++) {
        const struct item *item = &items[i];
        if (item->head.kind > KIND_UNLINK || is_durable(item))
            continue;
        struct file *file = file_of(item->head.inode);
        if (item->head.kind == KIND_WRITE && item->at < file->first)
            file->first = item->at;
        if (item->head.kind != KIND_WRITE && item->at < first_name)
            first_name = item->at;
    }
    for (size_t i = item_count; i-- > 0;) {
        const struct item *item = &items[i];
        if (item->head.kind > KIND_UNLINK || is_durable(item))
            continue;
        if (item->head.kind == KIND_WRITE)
            undo_write(item);
        else if (item->at >= cut_of(item->head.folder, SIZE_UNIT - 1, first_name))
            undo_name(item);
    }
    for (size_t i = 0; i < file_count; i++)
        if (files[i].touched && ftruncate(files[i].fd, (off_t)files[i].size) != 0)
            fail("size");
}

static void forget(const char *journal)
{
    DIR *held = opendir(held_folder);
    for (struct dirent *each; held != NULL && (each = readdir(held)) != NULL;)
        if (each->d_name[0] != '.')
            unlinkat(dirfd(held), each->d_name, 0);
    if (held != NULL)
        closedir(held);
    if (truncate(journal, 0) != 0)
        fail(journal);
}

int main(int count, char **arguments)
{
    const char *folder = NULL, *journal = NULL;
    for (int i = 1; i < count; i++) {
        const char *next = i + 1 < count ? arguments[i + 1] : NULL;
        if (strcmp(arguments[i], "--torn") == 0)
            torn = 1;
        else if (strcmp(arguments[i], "--rename-durable") == 0)
            rename_durable = 1;
        else if (next != NULL && strcmp(arguments[i], "--dir") == 0)
            folder = arguments[++i];
        else if (next != NULL && strcmp(arguments[i], "--journal") == 0)
            journal = arguments[++i];
        else if (next != NULL && strcmp(arguments[i], "--seed") == 0)
            has_seed = 1, seed = strtoull(arguments[++i], NULL, 10);
        else
            folder = NULL, i = count;
    }
    if (folder == NULL || journal == NULL || (torn && !has_seed)) {
        fprintf(stderr, "usage: drop-unsynced --dir FOLDER --journal FILE [--seed N [--torn]] [--rename-durable]\n");
        return 2;
    }
    snprintf(held_folder, sizeof held_folder, "%s" HELD_SUFFIX, journal);
    read_journal(journal);
    read_syncs();
    find_files(folder);
    find_files(held_folder);
    undo();
    forget(journal);
    printf("undone: writes %lu, pieces dropped %lu, pieces kept %lu, names %lu, files lost %lu\n", undone_writes,
           dropped_pieces, kept_pieces, undone_names, lost_files);
    return 0;
}
