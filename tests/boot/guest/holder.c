/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens a PCI function by way of vfio-pci, as a virtual machine does, and lets go of it when the
 * first process is of that name, or never:
 *	holder 0000:02:00.0 systemd
 * Says so and goes on in the background (Documentation/driver-api/vfio.rst).
 */
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_group(const char *address)
{
	char link[128], target[128], path[64];
	ssize_t n;
	int fd;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group", address);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		die(link);
	target[n] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(target, '/') + 1);
	fd = open(path, O_RDWR);
	if (fd < 0)
		die(path);
	return fd;
}

static int open_device(const char *address)
{
	int container = open("/dev/vfio/vfio", O_RDWR);
	int group = open_group(address);
	int device;

	if (container < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) < 0 ||
		ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU) < 0)
		die("container");
	device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (device < 0)
		die(address);
	return device;
}

/* By a descriptor: where /proc is mounted changes with the root. */
static void wait_for_first_process(const char *name)
{
	int first = open("/proc/1", O_RDONLY | O_DIRECTORY);
	char comm[32];

	for (;;) {
		int fd = openat(first, "comm", O_RDONLY);
		ssize_t n = read(fd, comm, sizeof(comm) - 1);

		close(fd);
		if (n > 0 && (size_t)n == strlen(name) + 1 &&
			!strncmp(comm, name, strlen(name)))
			return;
		usleep(100000);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	open_device(argv[1]);
	printf("holder: %s is open\n", argv[1]);
	fflush(stdout);
	/* The files stay open in the child; systemd spares what begins with an @. */
	if (fork() == 0) {
		setsid();
		argv[0][0] = '@';
		wait_for_first_process(argv[2]);
	}
	return 0;
}
