/*
 * unsynced.so: keeps the old bytes of everything a process writes and has not synced, so that a test can take it back.
 *
 * LD_PRELOAD it with VESTIBULE_SHIM_DIR (the guarded folder) and VESTIBULE_SHIM_JOURNAL (a file outside of it, on the
 * same file system). Kill the process with SIGKILL, run drop-unsynced, and the folder is what a power cut could have
 * left. The journal itself needs no sync: the machine keeps running, only the process dies.
 *
 * What it sees: open, creat, write, pwrite, writev, pwritev, ftruncate, truncate, fallocate, fsync, fdatasync, sync,
 * rename and unlink with their variants, called through the C library. What it does not: stdio streams, system calls
 * made without the C library, link, mkdir, io_uring. Shared writable mappings and in-kernel copies into the folder would
 * go unseen, so the first abort the process and the second are refused. O_SYNC gives no promise here: the model
 * is stricter than the disk. Files that end in -shm are left alone: SQLite rebuilds them.
 * close is not watched, because nothing is kept by descriptor: each call asks the kernel which file it means.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "journal.h"

_Static_assert(sizeof(long) == 8, "offsets are passed to the kernel in one register");

/* A path in the guarded folder, with the folder it lies in. */
struct place {
    char path[PATH_MAX];
    uint64_t folder;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static char held_folder[PATH_MAX - 32];
static int journal = -1;
static uint64_t held_count;

static void fail(const char *what)
{
    char text[256];
    int length = snprintf(text, sizeof text, "unsynced: %s: %s\n", what, strerror(errno));
    syscall(SYS_write, 2, text, (size_t)length);
    abort();
}

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork(void) { pthread_mutex_unlock(&lock); }

__attribute__((constructor)) static void start(void)
{
    const char *folder = getenv("VESTIBULE_SHIM_DIR");
    const char *file = getenv("VESTIBULE_SHIM_JOURNAL");
    if (folder == NULL || file == NULL)
        return;
    if (realpath(folder, root) == NULL)
        fail("VESTIBULE_SHIM_DIR");
    journal = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (journal < 0)
        fail("VESTIBULE_SHIM_JOURNAL");
    if (snprintf(held_folder, sizeof held_folder, "%s" HELD_SUFFIX, file) >= (int)sizeof held_folder)
        fail("VESTIBULE_SHIM_JOURNAL");
    if (mkdir(held_folder, 0700) != 0 && errno != EEXIST)
        fail("folder beside the journal");
    pthread_atfork(before_fork, after_fork, after_fork);
}

/* Whether an absolute path lies in the guarded folder and is one that the model covers. */
static int guarded(const char *path)
{
    size_t length = strlen(root), all = strlen(path);
    if (journal < 0 || strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != 0))
        return 0;
    return all < 4 || strcmp(path + all - 4, "-shm") != 0;
}

/* Whether `fd` is a guarded file or folder; gives what it is and where it lies. */
static int guarded_fd(int fd, struct stat *what, char path[PATH_MAX])
{
    char link[64];
    int saved = errno;
    if (journal < 0 || fstat(fd, what) != 0 || !(S_ISREG(what->st_mode) || S_ISDIR(what->st_mode))) {
        errno = saved;
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    errno = saved;
    if (length <= 0)
        return 0;
    path[length] = 0;
    return guarded(path);
}

/* Finds the place that (folder, path) names; the last part need not exist. */
static int find_place(int at, const char *path, struct place *place)
{
    char whole[PATH_MAX], parent[PATH_MAX];
    struct stat folder;
    int saved = errno, found = 0;
    if (journal < 0 || path == NULL)
        return 0;
    if (path[0] == '/' || at == AT_FDCWD)
        snprintf(whole, sizeof whole, "%s", path);
    else
        snprintf(whole, sizeof whole, "/proc/self/fd/%d/%s", at, path);
    char *slash = strrchr(whole, '/');
    const char *name = slash == NULL ? whole : slash + 1;
    if (slash != NULL)
        *slash = 0;
    const char *above = slash == NULL ? "." : whole[0] == 0 ? "/" : whole;
    if (realpath(above, parent) != NULL && stat(parent, &folder) == 0) {
        int length = snprintf(place->path, sizeof place->path, "%s/%s", parent, name);
        place->folder = folder.st_ino;
        found = length > 0 && (size_t)length < sizeof place->path && guarded(place->path);
    }
    errno = saved;
    return found;
}

static uint64_t position(void)
{
    struct stat now;
    if (fstat(journal, &now) != 0)
        fail("journal");
    return (uint64_t)now.st_size;
}

static void append(struct entry *entry, const char *path, const char *second, const void *data)
{
    int saved = errno;
    entry->magic = JOURNAL_MAGIC;
    entry->path_len = path == NULL ? 0 : (uint32_t)strlen(path);
    entry->second_len = second == NULL ? 0 : (uint32_t)strlen(second);
    struct iovec parts[4] = {
        { entry, sizeof *entry },
        { (void *)path, entry->path_len },
        { (void *)second, entry->second_len },
        { (void *)data, entry->data_len },
    };
    size_t all = sizeof *entry + entry->path_len + entry->second_len + entry->data_len;
    if (syscall(SYS_writev, journal, parts, 4) != (long)all)
        fail("journal");
    errno = saved;
}

/* Keeps the old bytes of [offset, offset + length) of an open file. */
static void keep_old(int fd, const struct stat *what, uint64_t offset, uint64_t length)
{
    uint64_t size = (uint64_t)what->st_size;
    uint64_t end = offset + length < size ? offset + length : size;
    uint64_t wanted = offset < end ? end - offset : 0;
    struct entry entry = { .kind = KIND_WRITE, .inode = what->st_ino,
                           .offset = offset, .length = length, .old_size = size, .data_len = wanted };
    char *old = NULL;
    int saved = errno, from = fd;
    if (wanted > 0) {
        if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
            from = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
        }
        old = malloc(wanted);
        if (from < 0 || old == NULL)
            fail("old bytes");
        for (uint64_t got = 0; got < wanted;) {
            ssize_t more = pread(from, old + got, wanted - got, (off_t)(offset + got));
            if (more <= 0)
                fail("old bytes");
            got += (uint64_t)more;
        }
        if (from != fd)
            close(from);
    }
    append(&entry, NULL, NULL, old);
    free(old);
    errno = saved;
}

/* Sets a file aside under a name of its own, so that it can be brought back and its inode is not used again. */
static uint64_t hold(const char *path)
{
    char name[PATH_MAX];
    uint64_t number = (uint64_t)getpid() << 32 | ++held_count;
    snprintf(name, sizeof name, "%s/%llu", held_folder, (unsigned long long)number);
    if (link(path, name) != 0)
        fail("cannot set a file aside (is the journal on the same file system?)");
    return number;
}

static int open_guarded(int at, const char *path, int flags, mode_t mode)
{
    struct stat what;
    struct place place;
    int writes = (flags & (O_CREAT | O_TRUNC)) != 0 && (flags & O_TMPFILE) != O_TMPFILE;
    if (!writes || !find_place(at, path, &place))
        return (int)syscall(SYS_openat, at, path, flags, mode);
    pthread_mutex_lock(&lock);
    int is_new = lstat(place.path, &what) != 0;
    int fd = (int)syscall(SYS_openat, at, path, flags & ~O_TRUNC, mode);
    int saved = errno;
    if (fd >= 0 && fstat(fd, &what) == 0 && S_ISREG(what.st_mode)) {
        if (is_new) {
            struct entry entry = { .kind = KIND_CREATE, .inode = what.st_ino, .folder = place.folder };
            append(&entry, place.path, NULL, NULL);
        } else if ((flags & O_TRUNC) != 0 && what.st_size > 0) {
            keep_old(fd, &what, 0, (uint64_t)what.st_size);
            if (syscall(SYS_ftruncate, fd, 0L) != 0)
                fail("O_TRUNC");
        }
    }
    errno = saved;
    pthread_mutex_unlock(&lock);
    return fd;
}

static mode_t mode_of(int flags, va_list arguments)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name, prefix, at)                                         \
    int name(prefix const char *path, int flags, ...)                  \
    {                                                                  \
        va_list arguments;                                             \
        va_start(arguments, flags);                                    \
        mode_t mode = mode_of(flags, arguments);                       \
        va_end(arguments);                                             \
        return open_guarded(at, path, flags, mode);                    \
    }
#define FOLDER int folder,
OPEN(open, , AT_FDCWD)
OPEN(open64, , AT_FDCWD)
OPEN(openat, FOLDER, folder)
OPEN(openat64, FOLDER, folder)
int __open_2(const char *path, int flags) { return open_guarded(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_guarded(AT_FDCWD, path, flags, 0); }
int __openat_2(int folder, const char *path, int flags) { return open_guarded(folder, path, flags, 0); }
int __openat64_2(int folder, const char *path, int flags) { return open_guarded(folder, path, flags, 0); }
int creat(const char *path, mode_t mode) { return open_guarded(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return open_guarded(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

/* Runs `call` after the old bytes at the given place are kept; `offset` -1 stands for the file's own position. */
#define WRITES(fd, offset, length, call)                                                      \
    do {                                                                                      \
        struct stat what;                                                                     \
        char path[PATH_MAX];                                                                  \
        if (!guarded_fd(fd, &what, path))                                                     \
            return call;                                                                      \
        pthread_mutex_lock(&lock);                                                            \
        fstat(fd, &what);                                                                     \
        int64_t place = (offset);                                                             \
        if (place < 0)                                                                        \
            place = (fcntl(fd, F_GETFL) & O_APPEND) != 0 ? what.st_size : lseek(fd, 0, SEEK_CUR); \
        keep_old(fd, &what, (uint64_t)place, (length));                                       \
        long result = call;                                                                   \
        pthread_mutex_unlock(&lock);                                                          \
        return result;                                                                        \
    } while (0)

static uint64_t total(const struct iovec *parts, int count)
{
    uint64_t all = 0;
    for (int i = 0; i < count; i++)
        all += parts[i].iov_len;
    return all;
}

ssize_t write(int fd, const void *bytes, size_t length) { WRITES(fd, -1, length, syscall(SYS_write, fd, bytes, length)); }
ssize_t writev(int fd, const struct iovec *parts, int count) { WRITES(fd, -1, total(parts, count), syscall(SYS_writev, fd, parts, (long)count)); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { WRITES(fd, at, length, syscall(SYS_pwrite64, fd, bytes, length, at)); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { WRITES(fd, at, length, syscall(SYS_pwrite64, fd, bytes, length, at)); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { WRITES(fd, at, total(parts, count), syscall(SYS_pwritev, fd, parts, (long)count, at, 0L)); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { WRITES(fd, at, total(parts, count), syscall(SYS_pwritev, fd, parts, (long)count, at, 0L)); }

static long resize(int fd, int64_t size)
{
    struct stat what;
    char path[PATH_MAX];
    if (!guarded_fd(fd, &what, path))
        return syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&lock);
    fstat(fd, &what);
    if (size < what.st_size)
        keep_old(fd, &what, (uint64_t)size, (uint64_t)(what.st_size - size));
    else
        keep_old(fd, &what, (uint64_t)what.st_size, (uint64_t)(size - what.st_size));
    long result = syscall(SYS_ftruncate, fd, size);
    pthread_mutex_unlock(&lock);
    return result;
}

static int resize_path(const char *path, int64_t size)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int result = (int)resize(fd, size);
    int saved = errno;
    close(fd);
    errno = saved;
    return result;
}

int ftruncate(int fd, off_t size) { return (int)resize(fd, size); }
int ftruncate64(int fd, off64_t size) { return (int)resize(fd, size); }
int truncate(const char *path, off_t size) { return resize_path(path, size); }
int truncate64(const char *path, off64_t size) { return resize_path(path, size); }
int fallocate(int fd, int mode, off_t at, off_t length) { WRITES(fd, at, (uint64_t)length, (int)syscall(SYS_fallocate, fd, (long)mode, at, length)); }
int fallocate64(int fd, int mode, off64_t at, off64_t length) { WRITES(fd, at, (uint64_t)length, (int)syscall(SYS_fallocate, fd, (long)mode, at, length)); }
int posix_fallocate(int fd, off_t at, off_t length) { return fallocate(fd, 0, at, length) == 0 ? 0 : errno; }
int posix_fallocate64(int fd, off64_t at, off64_t length) { return fallocate(fd, 0, at, length) == 0 ? 0 : errno; }

/* What was done before the sync began is durable once it has returned; what came meanwhile is not. */
static int sync_file(int fd, long number)
{
    struct stat what;
    char path[PATH_MAX];
    if (!guarded_fd(fd, &what, path))
        return (int)syscall(number, fd);
    pthread_mutex_lock(&lock);
    struct entry entry = { .kind = S_ISDIR(what.st_mode) ? KIND_SYNC_FOLDER : KIND_SYNC, .inode = what.st_ino, .folder = what.st_ino, .upto = position() };
    pthread_mutex_unlock(&lock);
    int result = (int)syscall(number, fd);
    if (result == 0)
        append(&entry, NULL, NULL, NULL);
    return result;
}

static int sync_all(long number, long fd)
{
    struct entry entry = { .kind = KIND_SYNC_ALL };
    if (journal >= 0) {
        pthread_mutex_lock(&lock);
        entry.upto = position();
        pthread_mutex_unlock(&lock);
    }
    int result = (int)syscall(number, fd);
    if (journal >= 0 && result == 0)
        append(&entry, NULL, NULL, NULL);
    return result;
}

int fsync(int fd) { return sync_file(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }
int syncfs(int fd) { return sync_all(SYS_syncfs, fd); }
void sync(void) { sync_all(SYS_sync, 0); }

static int move_guarded(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    struct place old, new;
    struct stat moved, target;
    int leaves = find_place(from_at, from, &old), arrives = find_place(to_at, to, &new);
    if (leaves != arrives || (leaves && (flags & ~1u) != 0)) {
        /* half a move, or an exchange, has no undo here */
        errno = ENOTSUP;
        fail("rename across the border of the guarded folder");
    }
    if (!leaves || lstat(old.path, &moved) != 0 || !S_ISREG(moved.st_mode))
        return (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    pthread_mutex_lock(&lock);
    int replaces = lstat(new.path, &target) == 0;
    if (!replaces || (target.st_ino != moved.st_ino && flags == 0)) {
        struct entry entry = { .kind = KIND_RENAME, .inode = moved.st_ino, .folder = new.folder,
                               .held = replaces ? hold(new.path) : 0 };
        append(&entry, old.path, new.path, NULL);
    }
    int result = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    pthread_mutex_unlock(&lock);
    return result;
}

int rename(const char *from, const char *to) { return move_guarded(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return move_guarded(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return move_guarded(a, from, b, to, flags); }

static int remove_guarded(int at, const char *path, int flags)
{
    struct place place;
    struct stat what;
    if ((flags & AT_REMOVEDIR) != 0 || !find_place(at, path, &place) || lstat(place.path, &what) != 0 || !S_ISREG(what.st_mode))
        return (int)syscall(SYS_unlinkat, at, path, flags);
    pthread_mutex_lock(&lock);
    struct entry entry = { .kind = KIND_UNLINK, .inode = what.st_ino, .folder = place.folder,
                           .held = hold(place.path) };
    append(&entry, place.path, NULL, NULL);
    int result = (int)syscall(SYS_unlinkat, at, path, flags);
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) { return remove_guarded(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return remove_guarded(at, path, flags); }

/* Copies inside the kernel: callers fall back to reading and writing. */
#define REFUSE_COPY(fd, call)                                    \
    do {                                                         \
        struct stat what;                                        \
        char path[PATH_MAX];                                     \
        if (!guarded_fd(fd, &what, path))                        \
            return call;                                         \
        errno = EINVAL;                                          \
        return -1;                                               \
    } while (0)

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags) { REFUSE_COPY(out, syscall(SYS_copy_file_range, in, from, out, to, length, flags)); }
ssize_t sendfile(int out, int in, off_t *from, size_t length) { REFUSE_COPY(out, syscall(SYS_sendfile, out, in, from, length)); }
ssize_t sendfile64(int out, int in, off64_t *from, size_t length) { REFUSE_COPY(out, syscall(SYS_sendfile, out, in, from, length)); }
ssize_t splice(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags) { REFUSE_COPY(out, syscall(SYS_splice, in, from, out, to, length, flags)); }

static void *map(void *near, size_t length, int protection, int flags, int fd, off_t at)
{
    struct stat what;
    char path[PATH_MAX];
    if (fd >= 0 && (protection & PROT_WRITE) != 0 && (flags & MAP_TYPE) != MAP_PRIVATE && guarded_fd(fd, &what, path)) {
        errno = ENOTSUP;
        fail("a shared writable mapping of a guarded file");
    }
    return (void *)syscall(SYS_mmap, near, length, (long)protection, (long)flags, (long)fd, at);
}

void *mmap(void *near, size_t length, int protection, int flags, int fd, off_t at) { return map(near, length, protection, flags, fd, at); }
void *mmap64(void *near, size_t length, int protection, int flags, int fd, off64_t at) { return map(near, length, protection, flags, fd, at); }
