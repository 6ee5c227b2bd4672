/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfioboot-vm: what `vfioboot vm` asks of libvirt, in a program of its own, so that vfioboot needs no
 * libvirt.  It knows nothing of devices: definitions go in and out whole.
 *
 *	vfioboot-vm URI list              "running NAME" or "off NAME" a line
 *	vfioboot-vm URI show NAME         a line of words about the guest, then its definition
 *	vfioboot-vm URI define FILE       defines what is in the file, after validation
 *
 * Errors are libvirt's own, on stderr; then it exits with 1.  Where libvirt has no such guest it exits
 * with 3 and says nothing: of those that it has listed, one may be gone by now.
 */
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_GUEST 3 /* exit status */

#define DEFINITION_MAX ((size_t)4 << 20) /* as LIBVIRT_XML_MAX */

/* libvirt prints errors by itself unless somebody takes them. */
static void take_error(void *data, virErrorPtr error)
{
	(void)data, (void)error;
}

static int fail(const char *what)
{
	const char *text = virGetLastErrorMessage();

	fprintf(stderr, "vfioboot vm: %s: %s\n", what, text);
	return EXIT_FAILURE;
}

static int fail_connection(void)
{
	fprintf(stderr,
		"vfioboot vm: cannot connect to libvirt: %s; is it installed and running, "
		"and may this user connect to it?\n",
		virGetLastErrorMessage());
	return EXIT_FAILURE;
}

static int fail_guest(const char *what)
{
	return virGetLastErrorCode() == VIR_ERR_NO_DOMAIN ? NO_GUEST : fail(what);
}

static int list(virConnectPtr connection)
{
	virDomainPtr *domains = NULL;
	int n = virConnectListAllDomains(connection, &domains, 0);

	if (n < 0)
		return fail("cannot list the guests");
	for (int i = 0; i < n; i++) {
		printf("%s %s\n", virDomainIsActive(domains[i]) > 0 ? "running" : "off",
			virDomainGetName(domains[i]));
		virDomainFree(domains[i]);
	}
	free(domains);
	return EXIT_SUCCESS;
}

/* "running" or "off", "persistent" or "transient", "saved" or "fresh". */
static int print_guest(virDomainPtr domain)
{
	char *xml = virDomainGetXMLDesc(
		domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
	int running = xml ? virDomainIsActive(domain) : -1;

	if (running < 0) {
		free(xml);
		return fail_guest("cannot read the definition of the guest");
	}
	printf("%s %s %s\n%s", running ? "running" : "off",
		virDomainIsPersistent(domain) > 0 ? "persistent" : "transient",
		virDomainHasManagedSaveImage(domain, 0) > 0 ? "saved" : "fresh", xml);
	free(xml);
	return EXIT_SUCCESS;
}

static int show(virConnectPtr connection, const char *name)
{
	virDomainPtr domain = virDomainLookupByName(connection, name);
	int status;

	if (!domain)
		return fail_guest("cannot find the guest");
	status = print_guest(domain);
	virDomainFree(domain);
	return status;
}

static char *read_whole(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = file ? malloc(DEFINITION_MAX + 1) : NULL;
	size_t size = text ? fread(text, 1, DEFINITION_MAX + 1, file) : 0;

	if (text && (ferror(file) || size > DEFINITION_MAX)) {
		free(text);
		text = NULL;
	}
	if (text)
		text[size] = '\0';
	if (file)
		fclose(file);
	return text;
}

static int define(virConnectPtr connection, const char *path)
{
	char *xml = read_whole(path);
	virDomainPtr domain;

	if (!xml) {
		fprintf(stderr, "vfioboot vm: cannot read %s\n", path);
		return EXIT_FAILURE;
	}
	domain = virDomainDefineXMLFlags(connection, xml, VIR_DOMAIN_DEFINE_VALIDATE);
	free(xml);
	if (!domain)
		return fail("libvirt does not accept the definition");
	virDomainFree(domain);
	return EXIT_SUCCESS;
}

static int run(virConnectPtr connection, char **words)
{
	if (strcmp(words[0], "list") == 0 && !words[1])
		return list(connection);
	if (strcmp(words[0], "show") == 0 && words[1])
		return show(connection, words[1]);
	if (strcmp(words[0], "define") == 0 && words[1])
		return define(connection, words[1]);
	fputs("vfioboot-vm: run by 'vfioboot vm'\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	virConnectPtr connection;
	int status;

	if (argc < 3) {
		fputs("vfioboot-vm: run by 'vfioboot vm'\n", stderr);
		return 2;
	}
	virSetErrorFunc(NULL, take_error);
	connection = virConnectOpenAuth(argv[1], virConnectAuthPtrDefault, 0);
	if (!connection)
		return fail_connection();
	status = run(connection, argv + 2);
	virConnectClose(connection);
	if (fflush(stdout) != 0 || ferror(stdout))
		return EXIT_FAILURE;
	return status;
}
