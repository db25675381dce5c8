/*
 * What command.c, the front of every stand-in command, local.c and daemon.c
 * share.
 */

#include <sys/types.h>

#define GONE	70	/* the status when the server is */

extern int server;	/* the connection to it */

void	add(const char *);
void	add_number(double);
void	send_added(void);
void	connect_server(void);
void	wait_server(void);
void	write_all(int, const char *, size_t);

__attribute__((noreturn)) void end_local(int);
__attribute__((noreturn, format(printf, 2, 3)))
void	give_up(int, const char *, ...);
__attribute__((noreturn)) void execute(char **, int);
int	end_of(pid_t);
int	option(int, char **, const char *, int);

__attribute__((noreturn)) void run_daemon(int, char **);
__attribute__((noreturn)) void run_lockf(int, char **);
__attribute__((noreturn)) void run_timeout(int, char **);
