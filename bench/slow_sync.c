/*
 * A disk on which every sync takes a millisecond more: preloaded into the program, it stands in front of the two calls by
 * which SQLite makes a commit durable. For measuring only; no part of any program that is installed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static void a_millisecond(void) {
    struct timespec wait = {0, 1000000};
    nanosleep(&wait, 0);
}

int fdatasync(int file) {
    static int (*plain)(int);
    if (!plain) {
        plain = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    }
    a_millisecond();
    return plain(file);
}

int fsync(int file) {
    static int (*plain)(int);
    if (!plain) {
        plain = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    }
    a_millisecond();
    return plain(file);
}
