/*
 * check: shows that unsynced.so and drop-unsynced do what they say. `check FOLDER-OF-THE-TWO`.
 *
 * Each scenario runs in a child under the shim, which kills itself with SIGKILL; the parent drops what was not synced
 * and looks at the folder. It does not test the file system below.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK 4096
#define THREADS 8
#define FRAMES 64

static char tools[PATH_MAX - 64], base[] = "/tmp/unsynced-check-XXXXXX", guarded[64], journal[64];
static int passed, failed;

static void check(const char *what, int ok)
{
    ok ? passed++ : failed++;
    if (!ok)
        printf("failed: %s\n", what);
}

static void must(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(3);
    }
}

/* For the scenarios: the child stands in the guarded folder. */
static int file(const char *name, int flags) { int fd = open(name, flags, 0600); must(fd >= 0, name); return fd; }
static void put(int fd, const char *text) { must(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "write"); }
static void put_at(int fd, const char *text, off_t at) { must(pwrite(fd, text, strlen(text), at) == (ssize_t)strlen(text), "pwrite"); }
static void settle(int fd) { must(fsync(fd) == 0, "fsync"); }
static void settle_names(void) { int fd = file(".", O_RDONLY | O_DIRECTORY); settle(fd); close(fd); }

/* A file whose contents and name are durable. */
static int settled(const char *name, const char *text)
{
    int fd = file(name, O_RDWR | O_CREAT | O_TRUNC);
    put(fd, text);
    settle(fd);
    settle_names();
    return fd;
}

static void overwrite(void)
{
    int fd = settled("a", "one two three");
    put_at(fd, "ONE", 0);
    put_at(fd, "more and more", 13);
    put_at(fd, "1", 0);
    fd = settled("b", "kept");
    put_at(fd, "KEPT", 0);
    must(fdatasync(fd) == 0, "fdatasync");
    put_at(fd, "lost", 0);
}

static void resize(void)
{
    settled("truncated", "0123456789");
    must(truncate("truncated", 4) == 0, "truncate");
    settled("emptied", "0123456789");
    close(file("emptied", O_WRONLY | O_TRUNC));
    int fd = settled("grown", "ab");
    must(ftruncate(fd, 9000) == 0 && fallocate(fd, 0, 0, 20000) == 0, "grow");
    fd = settled("vectors", "abcdef");
    struct iovec parts[2] = { { "XY", 2 }, { "Z", 1 } };
    must(pwritev(fd, parts, 2, 1) == 3 && lseek(fd, 0, SEEK_END) == 6 && writev(fd, parts, 2) == 3, "writev");
    fd = file("vectors", O_WRONLY | O_APPEND);
    put(fd, "appended");
    fd = settled("holed", "holes are written to");
    must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 5) == 0, "punch");
}

static void create(void)
{
    int fd = file("itself", O_WRONLY | O_CREAT);
    put(fd, "by file");
    settle(fd);
    fd = file("named", O_WRONLY | O_CREAT);
    put(fd, "lost");
    settle_names();
    put(file("never", O_WRONLY | O_CREAT), "gone");
}

static void replace(const char *name)
{
    settled(name, "old");
    int fd = file("tmp", O_WRONLY | O_CREAT);
    put(fd, "new");
    settle(fd);
    must(rename("tmp", name) == 0, "rename");
}

static void names(void)
{
    replace("durable");
    settle_names();
    settled("removed", "durable");
    must(unlink("removed") == 0, "unlink");
    settle_names();
    settled("back", "again");
    replace("renamed");
    must(unlink("back") == 0, "unlink");
    put(file("w-shm", O_WRONLY | O_CREAT), "rebuilt");
}

static void *own_file(void *number)
{
    char name[32], text[BLOCK];
    snprintf(name, sizeof name, "thread-%ld", (long)number);
    int fd = file(name, O_RDWR | O_CREAT);
    for (int i = 0; i < FRAMES; i++) {
        memset(text, 'a' + i % 26, sizeof text);
        must(pwrite(fd, text, sizeof text, (off_t)i * BLOCK) == BLOCK, "pwrite");
        if (i % 4 == 1)
            settle(fd);
    }
    return NULL;
}

static void threads(void)
{
    pthread_t all[THREADS];
    for (long i = 0; i < THREADS; i++)
        must(pthread_create(&all[i], NULL, own_file, (void *)i) == 0, "thread");
    for (int i = 0; i < THREADS; i++)
        pthread_join(all[i], NULL);
}

static void blocks(void)
{
    char text[BLOCK];
    int fd = file("blocks", O_RDWR | O_CREAT);
    for (int round = 0; round < 3; round++) {
        memset(text, '0' + round, sizeof text);
        for (int i = 0; i < FRAMES; i++)
            must(pwrite(fd, text, sizeof text, (off_t)i * BLOCK) == BLOCK, "pwrite");
        if (round == 0)
            settle(fd);
    }
}

/* What SQLite does: frames to a log with a sync for each commit, then pages to the main file, then a new log. */
static void database(void)
{
    char frame[BLOCK], acknowledged[16];
    int main_file = settled("db", ""), log = settled("db-wal", "");
    int told = file("../acknowledged", O_WRONLY | O_CREAT | O_APPEND);
    for (int i = 0; i < FRAMES; i++) {
        memset(frame, 'A' + i % 26, sizeof frame);
        must(pwrite(log, frame, sizeof frame, (off_t)(i % 16) * BLOCK) == BLOCK, "frame");
        must(fdatasync(log) == 0, "commit");
        snprintf(acknowledged, sizeof acknowledged, "%d\n", i);
        put(told, acknowledged);
        if (i % 16 == 15) {
            for (int page = i - 15; page <= i; page++) {
                memset(frame, 'A' + page % 26, sizeof frame);
                must(pwrite(main_file, frame, sizeof frame, (off_t)page * BLOCK) == BLOCK, "page");
            }
            settle(main_file);
            must(ftruncate(log, 0) == 0, "restart");
        }
    }
    memset(frame, '!', sizeof frame);
    must(pwrite(log, frame, sizeof frame, 0) == BLOCK, "frame");
    raise(SIGKILL);
}

static const struct { const char *name; void (*run)(void); } scenarios[] = {
    { "overwrite", overwrite }, { "resize", resize }, { "create", create }, { "names", names },
    { "threads", threads }, { "blocks", blocks }, { "database", database },
};

static int scenario(const char *name)
{
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (strcmp(scenarios[i].name, name) == 0) {
            must(chdir(getenv("VESTIBULE_SHIM_DIR")) == 0, "chdir");
            scenarios[i].run();
            raise(SIGKILL);
        }
    }
    return 4;
}

static void command(const char *format, const char *more)
{
    char line[3 * PATH_MAX];
    snprintf(line, sizeof line, format, tools, guarded, journal, more);
    must(system(line) == 0, line);
}

/* Runs a scenario under the shim in an empty folder and drops what it left unsynced. */
static void run(const char *name, const char *options)
{
    char shim[PATH_MAX];
    char line[PATH_MAX];
    snprintf(line, sizeof line, "rm -rf %s/* && mkdir %s", base, guarded);
    must(system(line) == 0, line);
    snprintf(shim, sizeof shim, "%s/unsynced.so", tools);
    pid_t child = fork();
    if (child == 0) {
        setenv("LD_PRELOAD", shim, 1);
        setenv("VESTIBULE_SHIM_DIR", guarded, 1);
        setenv("VESTIBULE_SHIM_JOURNAL", journal, 1);
        execl("/proc/self/exe", "check", "--scenario", name, NULL);
        _exit(5);
    }
    int status;
    must(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, name);
    command("%s/drop-unsynced --dir %s --journal %s %s > /dev/null", options);
}

/* Bytes of a file in the guarded folder; -1 if it is not there. */
static ssize_t load(const char *name, char *bytes, size_t size)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", guarded, name);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, bytes, size);
    close(fd);
    return length;
}

static int holds(const char *name, const char *text)
{
    char bytes[BLOCK];
    ssize_t length = load(name, bytes, sizeof bytes);
    if (text == NULL)
        return length < 0;
    return length == (ssize_t)strlen(text) && memcmp(bytes, text, strlen(text)) == 0;
}

static int all_is(const char *bytes, size_t length, char value)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != value)
            return 0;
    return 1;
}

static void check_contents(void)
{
    run("overwrite", "");
    check("an unsynced overwrite is dropped, the oldest bytes come back", holds("a", "one two three"));
    check("a synced overwrite survives", holds("b", "KEPT"));
    run("resize", "");
    check("truncate is undone", holds("truncated", "0123456789"));
    check("O_TRUNC is undone", holds("emptied", "0123456789"));
    check("ftruncate and fallocate are undone", holds("grown", "ab"));
    check("vectors and appends are undone", holds("vectors", "abcdef"));
    check("a punched hole is undone", holds("holed", "holes are written to"));
}

static void check_names(void)
{
    run("create", "");
    check("a file that nothing synced vanishes", holds("never", NULL));
    check("a file that was synced keeps its name", holds("itself", "by file"));
    check("a synced folder keeps the name, not the contents", holds("named", ""));
    run("names", "");
    check("a rename with a synced folder survives", holds("durable", "new"));
    check("a removal with a synced folder survives", holds("removed", NULL));
    check("a rename without one is undone", holds("renamed", "old") && holds("tmp", "new"));
    check("a removal without one is undone", holds("back", "again"));
    check("-shm files are deleted", holds("w-shm", NULL));
    run("names", "--rename-durable");
    check("renames can be taken as durable", holds("renamed", "new") && holds("tmp", NULL) && holds("back", NULL));
}

static void check_threads(void)
{
    static char bytes[FRAMES * BLOCK + 1];
    run("threads", "");
    for (int i = 0; i < THREADS; i++) {
        char name[32];
        snprintf(name, sizeof name, "thread-%d", i);
        ssize_t length = load(name, bytes, sizeof bytes);
        int ok = length == (FRAMES - 2) * BLOCK;
        for (int frame = 0; ok && frame < FRAMES - 2; frame++)
            ok = all_is(bytes + frame * BLOCK, BLOCK, (char)('a' + frame % 26));
        check("each thread's file ends at its last sync", ok);
    }
}

static void check_seeds(void)
{
    static char bytes[FRAMES * BLOCK + 1];
    int states[3] = { 0 }, torn_blocks = 0, whole = 1;
    run("blocks", "");
    check("without a seed only the synced round is there", load("blocks", bytes, sizeof bytes) == FRAMES * BLOCK && all_is(bytes, FRAMES * BLOCK, '0'));
    for (int seed = 0; seed < 10; seed++) {
        char options[64];
        snprintf(options, sizeof options, "--seed %d%s", seed, seed < 5 ? "" : " --torn");
        run("blocks", options);
        whole &= load("blocks", bytes, sizeof bytes) == FRAMES * BLOCK;
        for (int i = 0; i < FRAMES; i++) {
            const char *block = bytes + i * BLOCK;
            if (!all_is(block, BLOCK, block[0])) {
                torn_blocks++;
                whole &= seed >= 5;
            }
            for (int sector = 0; sector < BLOCK; sector += 512)
                whole &= block[sector] >= '0' && block[sector] <= '2' && all_is(block + sector, 512, block[sector]);
            states[(block[0] - '0') % 3]++;
        }
    }
    check("every block holds a state it had, torn at sectors only where asked", whole);
    check("all three states occur", states[0] > 20 && states[1] > 20 && states[2] > 20);
    check("torn blocks occur", torn_blocks > 10);
}

static int last_acknowledged(void)
{
    char path[PATH_MAX], line[16];
    int last = -1;
    snprintf(path, sizeof path, "%s/acknowledged", base);
    FILE *told = fopen(path, "r");
    must(told != NULL, path);
    while (fgets(line, sizeof line, told) != NULL)
        last = atoi(line);
    fclose(told);
    return last;
}

static void check_database(void)
{
    static char bytes[FRAMES * BLOCK + 1];
    for (int seed = -1; seed < 8; seed++) {
        char options[64] = "";
        if (seed >= 0)
            snprintf(options, sizeof options, "--seed %d --torn", seed);
        run("database", options);
        int ok = last_acknowledged() == FRAMES - 1 && load("db", bytes, sizeof bytes) == FRAMES * BLOCK;
        for (int i = 0; ok && i < FRAMES; i++)
            ok = all_is(bytes + i * BLOCK, BLOCK, (char)('A' + i % 26));
        check("every acknowledged page survives", ok);
        if (seed < 0)
            check("an unsynced frame does not", load("db-wal", bytes, sizeof bytes) == 16 * BLOCK && bytes[0] == 'A' + 48 % 26);
    }
}

/* Cuts the journal in its last entry: the change it announced was never made, and what stands before still counts. */
static void check_torn_journal(void)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/a", guarded);
    run("overwrite", "");
    FILE *torn = fopen(journal, "w");
    must(torn != NULL && fwrite("UJL1\1\0\0", 1, 7, torn) == 7 && fclose(torn) == 0, journal);
    command("%s/drop-unsynced --dir %s --journal %s %s > /dev/null", "");
    check("a torn journal entry is passed over", holds("a", "one two three"));
    torn = fopen(journal, "w");
    must(torn != NULL && fprintf(torn, "%0200d", 0) == 200 && fclose(torn) == 0, journal);
    char line[3 * PATH_MAX];
    snprintf(line, sizeof line, "%s/drop-unsynced --dir %s --journal %s 2> /dev/null", tools, guarded, journal);
    check("a damaged journal is refused", WEXITSTATUS(system(line)) == 2);
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "--scenario") == 0)
        return scenario(arguments[2]);
    if (count != 2 || strlen(arguments[1]) >= sizeof tools - 1) {
        fprintf(stderr, "usage: check FOLDER\n");
        return 2;
    }
    strcpy(tools, arguments[1]);
    must(mkdtemp(base) != NULL, base);
    snprintf(guarded, sizeof guarded, "%s/data", base);
    snprintf(journal, sizeof journal, "%s/journal", base);
    check_contents();
    check_names();
    check_threads();
    check_seeds();
    check_database();
    check_torn_journal();
    char line[PATH_MAX];
    snprintf(line, sizeof line, "rm -rf %s", base);
    check("the folder is removed", system(line) == 0);
    printf("shim check: %d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
