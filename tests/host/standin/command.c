/*
 * The front of every stand-in command: hand the call to the server, do what it
 * answers.
 *
 * Each command of the sandbox is a link to this program. The server holds all
 * state and decides when a call goes on (server.py). What is sent to it are
 * fields with a NUL after each but the last; its answer is a struct answer, two
 * texts for the standard output and error, and words with a NUL after each.
 *
 * Hundreds of these run in a scenario, and Python would need ten times as long
 * to start alone. What needs processes or locks of its own is local.c; only the
 * debuggers are Python (debuggers.py).
 */

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <err.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

#define SERVER	"/.linux/run/server"
#define DEBUGGER "/.linux/debugger"	/* debuggers.py */
#define WORDS	4096

struct answer {
	char	action;		/* ACTIONS of calls.py */
	int32_t	value;		/* the status to end with */
	uint32_t out, err;	/* lengths of the texts */
};

static const struct {
	const char *name;
	void	(*run)(int, char **);
} local[] = {
	{ "daemon", run_daemon },
	{ "lockf", run_lockf },
	{ "timeout", run_timeout },
};

int server;
static char buffer[1 << 20];
static size_t length;

void
add(const char *text)
{
	size_t size = strlen(text) + 1;

	if (length + size > sizeof(buffer))
		_exit(GONE);
	memcpy(buffer + length, text, size);
	length += size;
}

void
add_number(double number)
{
	char text[32];

	snprintf(text, sizeof(text), "%.15g", number);
	add(text);
}

/* Send what was added, without the last NUL. */
void
send_added(void)
{
	if (send(server, buffer, length - 1, MSG_NOSIGNAL) < 0)
		_exit(GONE);
	length = 0;
}

/* To a descriptor that may be closed, which is no matter. */
void
write_all(int descriptor, const char *text, size_t size)
{
	ssize_t done;

	for (; size > 0; text += done, size -= done)
		if ((done = write(descriptor, text, size)) < 0)
			return;
}

void
connect_server(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SERVER };

	server = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (connect(server, (struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(GONE);
}

/* An answer, whatever it says. */
void
wait_server(void)
{
	if (recv(server, buffer, sizeof(buffer), 0) <= 0)
		_exit(GONE);
}

static void
report(int number)
{
	(void)number;
	(void)send(server, "signal", 6, MSG_NOSIGNAL);
}

/* The standard input to its end, in pieces, the last of them empty. */
static void
send_input(void)
{
	char piece[6 + 65536] = "input";
	ssize_t size;

	do {
		if ((size = read(0, piece + 6, sizeof(piece) - 6)) < 0)
			size = 0;
		if (send(server, piece, 6 + size, MSG_NOSIGNAL) < 0)
			_exit(GONE);
	} while (size > 0);
}

__attribute__((noreturn)) static void
become(char *words, const char *end)
{
	char *argv[WORDS];
	int count = 0;

	for (; words < end && count < WORDS - 1; words += strlen(words) + 1)
		argv[count++] = words;
	argv[count] = NULL;
	execv(argv[0], argv + 1);
	err(126, "%s", argv[0]);
}

/* Do it here, or in Python, which inherits the connection. */
__attribute__((noreturn)) static void
run_local(const char *name, int argc, char **argv)
{
	char descriptor[24], **words;

	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		if (strcmp(local[i].name, name) == 0)
			local[i].run(argc, argv);
	snprintf(descriptor, sizeof(descriptor), "%d", dup(server));
	words = calloc(argc + 3, sizeof(*words));
	words[0] = DEBUGGER;
	words[1] = descriptor;
	memcpy(words + 2, argv, argc * sizeof(*words));
	execv(DEBUGGER, words);
	err(126, DEBUGGER);
}

/* Who calls what, where, with which umask and standard input. */
static void
ask(const char *name, int argc, char **argv)
{
	char path[4096];
	mode_t mask = umask(077);
	ssize_t size;

	umask(mask);
	add("command");
	add_number(getpid());
	add_number(mask);
	if (getcwd(path, sizeof(path)) == NULL)
		err(1, "%s", name);
	add(path);
	size = readlink("/.linux/proc/self/fd/0", path, sizeof(path) - 1);
	path[size < 0 ? 0 : size] = '\0';
	add(path);
	add(name);
	while (argc-- > 1)
		add(*++argv);
	send_added();
}

int
main(int argc, char **argv)
{
	struct sigaction catch = { .sa_handler = report, .sa_flags = SA_RESTART };
	struct answer answer;
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];
	char *text = buffer + sizeof(answer);
	ssize_t size;

	connect_server();
	ask(name, argc, argv);
	for (;;) {
		size = recv(server, buffer, sizeof(buffer), 0);
		if (size < (ssize_t)sizeof(answer))
			_exit(GONE);
		memcpy(&answer, buffer, sizeof(answer));
		write_all(1, text, answer.out);
		write_all(2, text + answer.out, answer.err);
		switch (answer.action) {
		case 'e':
			_exit(answer.value);
		case 'b':
			become(text + answer.out + answer.err, buffer + size);
		case 'l':
			run_local(name, argc, argv);
		case 'i':
			send_input();
			break;
		case 'c':
			sigaction(SIGTERM, &catch, NULL);
			break;
		case 'd':
			signal(SIGTERM, SIG_IGN);
			signal(SIGINT, SIG_IGN);
			signal(SIGHUP, SIG_IGN);
			break;
		}
	}
}
