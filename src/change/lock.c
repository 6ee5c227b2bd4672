/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes the lock by flock(2), and writes the process that holds it into the file. */
#include "lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "atomicfile.h"

#define PAUSE_MS      20
#define ANCESTORS_MAX 64

static int open_lock(const struct root *root, const char *file)
{
	_cleanup_close_ int run = atomicfile_open_directory(root, RUN_DIRECTORY, true);
	const char *name = strrchr(CHANGE_LOCK_DIRECTORY, '/') + 1;
	_cleanup_close_ int dir = -1;
	int fd;

	if (run < 0)
		return run;
	if (mkdirat(run, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	dir = openat(run, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	fd = openat(dir, file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

/* 0: nobody. */
static void write_holder(int fd, pid_t pid)
{
	if (ftruncate(fd, 0) == 0)
		dprintf(fd, "%d\n", (int)pid);
}

/* 0: not known. */
static int read_holder(int fd)
{
	char text[16] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? atoi(text) : 0;
}

/* The parent of a process by its stat file, proc_pid_stat(5); 0: none, or not known. */
static int parent_of(const struct root *root, int pid)
{
	char path[64], text[1024];
	const char *end;
	int parent;

	snprintf(path, sizeof(path), TREE_PROC_STAT, pid);
	if (file_read_fixed(root, path, text, sizeof(text)) < 0)
		return 0;
	end = strrchr(text, ')'); /* of its name, which may hold anything */
	return end && sscanf(end, ") %*c %d", &parent) == 1 ? parent : 0;
}

/*
 * Whether the holder is one that has started this process.  Who takes the lock, and has not written
 * that down yet, is not known: change_unlock() leaves no name.
 */
static bool is_held_for_us(const struct root *root, int fd)
{
	int holder = read_holder(fd), pid = parent_of(root, getpid());

	for (unsigned i = 0; holder > 0 && pid > 0 && i < ANCESTORS_MAX; i++) {
		if (pid == holder)
			return true;
		pid = parent_of(root, pid);
	}
	return false;
}

int change_lock_named(const struct root *root, const char *file, unsigned wait_ms)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
	_cleanup_close_ int fd = open_lock(root, file);

	if (fd < 0)
		return fd;
	for (;; wait_ms -= PAUSE_MS) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			write_holder(fd, getpid());
			return TAKE_FD(fd);
		}
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (is_held_for_us(root, fd))
			return TAKE_FD(fd);
		if (wait_ms < PAUSE_MS)
			return -EBUSY;
		nanosleep(&pause, NULL);
	}
}

int change_lock(const struct root *root, unsigned wait_ms)
{
	return change_lock_named(root, strrchr(CHANGE_LOCK, '/') + 1, wait_ms);
}

void change_unlock(int *fd)
{
	/* It is that of this descriptor if it can be had again. */
	if (*fd >= 0 && flock(*fd, LOCK_EX | LOCK_NB) == 0)
		write_holder(*fd, 0);
	if (*fd >= 0)
		flock(*fd, LOCK_UN);
	close_fd(fd);
	*fd = -1;
}
