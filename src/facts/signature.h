/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a block device has at its beginning and end that tells what is on it: a file system, a
 * partition table, the label of a RAID.  udev has read that already, with libblkid, and anybody can
 * ask it without the device being touched.  Where it found nothing, the device may be empty, or it
 * could not be read, or two file systems left their marks: only reading it again tells.
 */
#ifndef VFIOBOOT_SIGNATURE_H
#define VFIOBOOT_SIGNATURE_H

#include <sys/types.h>

#include "base/base.h"

enum signature_value {
	SIGNATURE_TYPE,  /* "ext4", "linux_raid_member": libblkid's word */
	SIGNATURE_USAGE, /* "filesystem", "raid", "crypto" or "other" */
	SIGNATURE_LABEL, /* printable; of a RAID array or a pool its name */
	SIGNATURE_UUID,
	SIGNATURE_TABLE, /* of partitions: "gpt", "dos" */
	SIGNATURE_VALUES,
};

/* Starts as {0}; for signature_free(). */
struct signature {
	bool settled; /* udev has looked at the device */
	bool several; /* of more than one kind, so that nobody knows which of them counts */
	char *values[SIGNATURE_VALUES]; /* NULL: none */
	struct file_names links; /* to it below /dev, decoded: "disk/by-label/my games" */
};

/*
 * Reads what udev has noted of the device with the @number: /run/udev/data/bMAJOR:MINOR, a file that
 * belongs to libudev, which reads no other machine's; its lines have been the same for fifteen years
 * (systemd, src/libsystemd/sd-device/sd-device.c, device_read_db_internal()).  Returns 0, also
 * where it has noted nothing, or -errno.
 */
int signature_read_udev(
	const struct root *root, dev_t number, struct signature *signature);

/*
 * Opens the device itself, whose node is @node ("/dev/sda"), and nothing that has its name by chance;
 * below the root of another machine, where its node would be one of this machine, an image in the place
 * of it.  Returns a descriptor; -ENOENT without a node; -ENOMEDIUM; -EACCES; or another -errno.
 */
int signature_open(const struct root *root, const char *node, dev_t number);

/* Reads it.  Returns 0, also for none; what signature_open() does; or -EIO. */
int signature_probe(const struct root *root, const char *node, dev_t number,
	struct signature *signature);

/* Makes a byte of each "\x20", as libblkid's blkid_encode_string() writes one in names. */
void signature_decode(char *text);

/* Whether there is one. */
bool signature_is_there(const struct signature *signature);

void signature_free(struct signature *signature);

#endif
