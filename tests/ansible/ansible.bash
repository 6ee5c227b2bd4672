# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # what it shares with the tests
#
# The collection of this tree for the Ansible of this machine, which writes nothing outside of the test's
# own directory.

# Skips the test where there is no Ansible, or no ansible-lint: need_ansible [PROGRAM]
need_ansible() {
	command -v "${1:-ansible-playbook}" >/dev/null ||
		skip "there is no ${1:-ansible-playbook}; tests/packages.ansible has its package"
	collection=$BATS_TEST_TMPDIR/collections/ansible_collections/vfioboot/vfioboot
	mkdir -p "${collection%/*}"
	ln -sfn "$(realpath "$BATS_TEST_DIRNAME/../../packaging/ansible")" "$collection"
	export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
	export ANSIBLE_COLLECTIONS_PATH=$BATS_TEST_TMPDIR/collections
	export ANSIBLE_HOME=$BATS_TEST_TMPDIR/home ANSIBLE_LOCAL_TEMP=$BATS_TEST_TMPDIR/local
	export ANSIBLE_NOCOLOR=1 ANSIBLE_FORCE_COLOR=0 ANSIBLE_RETRY_FILES_ENABLED=0
	export ANSIBLE_DEPRECATION_WARNINGS=0 ANSIBLE_LOCALHOST_WARNING=0
	# One of the person who runs the tests must not count.
	ansible_settings=$BATS_TEST_TMPDIR/ansible.cfg
	export ANSIBLE_CONFIG=$ansible_settings
	echo '[defaults]' >"$ansible_settings"
}
