/*
 * Commands that need real processes and locks of their own, and what they
 * share: lockf(1), timeout(1); daemon(8) is daemon.c.
 *
 * What takes time is asked of the server, whose clock is not the wall's.
 */

#define _GNU_SOURCE

#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

/* The command is over: the server is told the status. */
__attribute__((noreturn)) void
end_local(int status)
{
	add("ended");
	add_number(status);
	send_added();
	_exit(status);
}

__attribute__((noreturn, format(printf, 2, 3))) void
give_up(int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vwarnx(format, arguments);
	end_local(status);
}

__attribute__((noreturn)) static void
usage(int status, const char *text)
{
	fprintf(stderr, "usage: %s\n", text);
	end_local(status);
}

/* getopt(3), with the message of FreeBSD's. */
int
option(int argc, char **argv, const char *known, int status)
{
	static const struct option words[] = {
		{ "foreground", no_argument, NULL, 'f' },
		{ "kill-after", required_argument, NULL, 'k' },
		{ "preserve-status", no_argument, NULL, 'p' },
		{ "signal", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	int letter;

	opterr = 0;
	letter = known[2] == 'f' ? getopt_long(argc, argv, known, words, NULL) :
	    getopt(argc, argv, known);
	if (letter == '?')
		give_up(status, "illegal option -- %c", optopt);
	if (letter == ':')
		give_up(status, "option requires an argument -- %c", optopt);
	return (letter);
}

/* Become another program; "missing" is the status when there is none. */
__attribute__((noreturn)) void
execute(char **words, int missing)
{
	execvp(words[0], words);
	warnx("%s: %s", words[0], strerror(errno));
	_exit(missing);
}

/* A descriptor that can be read when the child has ended. */
int
end_of(pid_t child)
{
	return (syscall(SYS_pidfd_open, child, 0));
}

static void
sleep_begins(double seconds)
{
	add("sleep");
	add_number(seconds);
	send_added();
}

/* lockf(1): run a command while a lock is held; 75 when it can't be had. */
__attribute__((noreturn)) void
run_lockf(int argc, char **argv)
{
	int create = O_CREAT, keep = 0, left = -1, silent = 0, way = O_RDONLY;
	int descriptor, letter, status;
	const char *path;

	while ((letter = option(argc, argv, "+:knst:w", 64)) != -1)
		switch (letter) {
		case 'k':
			keep = 1;
			break;
		case 'n':
			create = 0;
			break;
		case 's':
			silent = 1;
			break;
		case 't':
			left = atoi(optarg);
			break;
		case 'w':
			way = O_WRONLY;
			break;
		}
	argv += optind;
	if (argc - optind < 2)
		usage(64, "lockf [-knsw] [-t seconds] file command [arguments]");
	path = *argv++;
	if ((descriptor = open(path, way | create | O_CLOEXEC, 0666)) < 0) {
		if (errno != ENOENT || create)
			give_up(73, "cannot open %s: %s", path, strerror(errno));
		if (silent)
			end_local(69);
		give_up(69, "%s: %s", path, strerror(errno));
	}
	while (flock(descriptor, LOCK_EX | LOCK_NB) < 0) {
		if (left-- == 0) {
			if (silent)
				end_local(75);
			give_up(75, "%s: already locked", path);
		}
		sleep_begins(1);
		wait_server();
	}
	if (fork() == 0)
		execute(argv, 1);
	wait(&status);
	if (!keep)
		unlink(path);
	end_local(WIFEXITED(status) ? WEXITSTATUS(status) : 70);
}

/* A duration: a number and perhaps one of s, m, h, d. */
static double
duration_of(const char *text)
{
	static const char units[] = "smhd";
	static const double factors[] = { 1, 60, 3600, 86400 };
	const char *unit;
	char *end;
	double number = strtod(text, &end);

	if (*end == '\0')
		return (number);
	if ((unit = strchr(units, *end)) == NULL || end[1] != '\0')
		give_up(125, "duration is not a number");
	return (number * factors[unit - units]);
}

/* timeout(1): end a command that takes too long; 124 then. */
__attribute__((noreturn)) void
run_timeout(int argc, char **argv)
{
	double duration, patience = 0;
	int late = 0, letter, status;
	pid_t child;

	while ((letter = option(argc, argv, "+:fk:s:pv", 125)) != -1)
		if (letter == 'k')
			patience = duration_of(optarg);
	argv += optind;
	if (argc - optind < 2)
		usage(125, "timeout [-fpv] [-k time] [-s signal] "
		    "duration command [arg ...]");
	duration = duration_of(*argv++);
	if ((child = fork()) == 0)
		execute(argv, 127);
	struct pollfd events[] = {
		{ .fd = end_of(child), .events = POLLIN },
		{ .fd = server, .events = POLLIN },
	};
	if (duration > 0)
		sleep_begins(duration);
	while (poll(events, 2, -1) >= 0 && events[0].revents == 0) {
		wait_server();
		kill(child, late ? SIGKILL : SIGTERM);
		late = 1;
		if (patience > 0)
			sleep_begins(patience);
	}
	waitpid(child, &status, 0);
	if (late)
		end_local(124);
	end_local(WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status));
}
