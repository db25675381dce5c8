/*
 * daemon(8), and what it leaves behind: that holds the locks and waits for the child.
 * Unless -m 0 is given, the child's output goes through a pipe; what arrives is
 * written to the file of -o at once, but to daemon's own output when that is a
 * buffer full, or at the end.
 */

#define _GNU_SOURCE

#include <sys/file.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

static struct {
	const char *path;	/* NULL: not given */
	int	descriptor;
} child_file, own_file;
static int output = STDOUT_FILENO;
static char said[4096 + 65536];
static size_t said_length;
static volatile sig_atomic_t terminated;

/* pidfile_open(3): the locked, emptied file. */
static int
open_locked(const char *path)
{
	char pid[24] = "-1";
	int descriptor;

	descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (descriptor < 0)
		give_up(1, "%s: %s", path, strerror(errno));
	if (flock(descriptor, LOCK_EX | LOCK_NB) < 0) {
		(void)!read(descriptor, pid, sizeof(pid) - 1);
		give_up(3, "process already running, pid: %s", pid);
	}
	(void)!ftruncate(descriptor, 0);
	return (descriptor);
}

/* pidfile_write(3); daemon does not look whether it could. */
static void
write_pid(const char *path, int descriptor, pid_t pid)
{
	char text[24];

	if (path != NULL)
		(void)!pwrite(descriptor, text,
		    snprintf(text, sizeof(text), "%d", pid), 0);
}

static void
flush(void)
{
	write_all(output, said, said_length);
	said_length = 0;
}

/* Take what the child wrote; 0 when there is no more, now or ever. */
static int
carry(int reader)
{
	ssize_t size = read(reader, said + said_length, 65536);

	if (size > 0)
		said_length += size;
	if (output != STDOUT_FILENO || said_length >= 4096)
		flush();
	return (size > 0);
}

/* Write the rest and remove the pid files. */
__attribute__((noreturn)) static void
finish(void)
{
	flush();
	if (child_file.path != NULL)
		unlink(child_file.path);
	if (own_file.path != NULL)
		unlink(own_file.path);
	_exit(0);
}

static void
note_signal(int number)
{
	(void)number;
	terminated = 1;
}

/* Others may keep the pipe open for ever, so never wait for its end. */
__attribute__((noreturn)) static void
supervise(pid_t child, int reader)
{
	struct sigaction action = { .sa_handler = note_signal };
	struct pollfd events[] = {
		{ .fd = end_of(child), .events = POLLIN },
		{ .fd = reader, .events = POLLIN },
	};
	sigset_t none;

	sigemptyset(&none);
	while (events[0].revents == 0) {
		sigaction(SIGTERM, &action, NULL);
		(void)ppoll(events, 2, NULL, &none);
		if (terminated) {	/* the lock is free, the child lives */
			kill(child, SIGTERM);
			finish();
		}
		if (events[1].revents != 0 && !carry(reader))
			events[1].fd = -1;
	}
	waitpid(child, NULL, 0);
	fcntl(reader, F_SETFL, O_NONBLOCK);
	while (carry(reader))
		continue;
	finish();
}

__attribute__((noreturn)) static void
supervisor(char **command, int mask)
{
	int ends[2];
	pid_t child;
	sigset_t term;

	(void)!pipe2(ends, O_CLOEXEC);
	write_pid(own_file.path, own_file.descriptor, getpid());
	if ((child = fork()) == 0) {
		for (int number = 1; number <= 2; number++)
			if (mask & number)
				dup2(ends[1], number);
		execute(command, 127);
	}
	close(ends[1]);
	write_pid(child_file.path, child_file.descriptor, child);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	add("child");
	add_number(getpid());
	add_number(child);
	send_added();
	wait_server();
	supervise(child, ends[0]);
}

/* -p, -P, -f, -c, -o, -m; it restarts nothing (-r is never right for bhyve). */
__attribute__((noreturn)) void
run_daemon(int argc, char **argv)
{
	int away = 0, letter, mask = 3, null, root = 0;
	const char *file = NULL;

	while ((letter = option(argc, argv, "+:cfHSp:P:o:t:u:m:", 1)) != -1)
		switch (letter) {
		case 'c':
			root = 1;
			break;
		case 'f':
			away = 1;
			break;
		case 'p':
			child_file.path = optarg;
			break;
		case 'P':
			own_file.path = optarg;
			break;
		case 'o':
			file = optarg;
			break;
		case 'm':
			mask = atoi(optarg);
			break;
		}
	argv += optind;
	if (*argv == NULL)
		give_up(1, "usage: daemon [-cf] [-p child_pidfile] "
		    "[-P supervisor_pidfile] [-o file] command arguments ...");
	if (child_file.path != NULL)
		child_file.descriptor = open_locked(child_file.path);
	if (own_file.path != NULL)
		own_file.descriptor = open_locked(own_file.path);
	if (file != NULL && (output = open(file, O_CREAT | O_WRONLY |
	    O_APPEND | O_CLOEXEC, 0600)) < 0)
		give_up(1, "%s: %s", file, strerror(errno));
	if (fork() != 0)
		end_local(0);
	close(server);
	setsid();
	if (root)
		(void)!chdir("/");
	null = away ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
	for (int number = 0; away && number < 3; number++)
		dup2(null, number);
	connect_server();
	if (child_file.path == NULL && own_file.path == NULL)
		execute(argv, 127);
	add("daemon");
	add_number(getpid());
	add(own_file.path != NULL ? own_file.path : child_file.path);
	send_added();
	wait_server();
	supervisor(argv, mask);
}
