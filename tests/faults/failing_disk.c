/*
 * A disk that fails, or a process that stops, at the n-th call that would change what lies under one folder.
 *
 * Preloaded into a process, it stands before the C library, so that it sees Python, GDAL, SQLite and the writer of
 * workbooks alike. failing_disk(folder, n, error, stop): from then on calls are counted; with `stop` the process stops
 * itself (SIGSTOP) before each of them; else the n-th fails with `error`, and all after it too where n is negative.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char under[4096];
static long calls, at, stopping;
static int fault;

long failing_disk_calls(void) { return calls; }

void failing_disk(const char *folder, long n, int error, long stop) {
    strncpy(under, folder, sizeof under - 1);
    calls = 0;
    at = n;
    fault = error;
    stopping = stop;
}

static int fails(const char *path) {
    if (!under[0] || strncmp(path, under, strlen(under)) != 0) return 0;
    calls++;
    if (stopping) raise(SIGSTOP);
    if (at > 0 ? calls == at : (at < 0 && calls >= -at)) {
        errno = fault;
        return 1;
    }
    return 0;
}

static int fails_at(int folder, const char *path) {
    char link[64], whole[8192];
    ssize_t length;
    if (path && path[0] == '/') return fails(path);
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    if (folder == AT_FDCWD || (length = readlink(link, whole, 4095)) < 0) return 0;
    snprintf(whole + length, sizeof whole - length, "/%s", path ? path : "");
    return fails(whole);
}

#define REAL(name) __typeof__(name) *real = dlsym(RTLD_NEXT, #name)
#define ON_FILE(kind, name, given, passed) \
    kind name given { REAL(name); return fails_at(file, NULL) ? -1 : real passed; }
#define ON_PATH(name, given, passed) \
    int name given { REAL(name); return fails(path) ? -1 : real passed; }
#define ON_OPEN(name) \
    int name(const char *path, int flags, ...) { \
        int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #name); \
        va_list more; va_start(more, flags); int mode = va_arg(more, int); va_end(more); \
        return (flags & (O_WRONLY | O_RDWR | O_CREAT)) && fails(path) ? -1 : real(path, flags, mode); \
    }

ON_FILE(ssize_t, write, (int file, const void *data, size_t size), (file, data, size))
ON_FILE(ssize_t, writev, (int file, const struct iovec *data, int count), (file, data, count))
ON_FILE(ssize_t, pwrite, (int file, const void *data, size_t size, off_t at_byte), (file, data, size, at_byte))
ON_FILE(ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t at_byte), (file, data, size, at_byte))
ON_FILE(int, fsync, (int file), (file))
ON_FILE(int, fdatasync, (int file), (file))
ON_FILE(int, ftruncate, (int file, off_t size), (file, size))
ON_FILE(int, ftruncate64, (int file, off64_t size), (file, size))
ON_PATH(mkdir, (const char *path, mode_t mode), (path, mode))
ON_PATH(rmdir, (const char *path), (path))
ON_PATH(unlink, (const char *path), (path))
ON_PATH(rename, (const char *path, const char *to), (path, to))
ON_OPEN(open)
ON_OPEN(open64)

int unlinkat(int folder, const char *path, int flags) {
    REAL(unlinkat);
    return fails_at(folder, path) ? -1 : real(folder, path, flags);
}
