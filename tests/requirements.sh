#!/bin/sh
# Checks that this machine has the programs of programs.txt, before they run.
#
#	requirements.sh build|test	check, and install or tell what is missing
#	requirements.sh python		print the Python to use, if there is one
#
# Root gets what is missing on Debian, Ubuntu and FreeBSD. Anybody else is told
# the one command that installs it, and the status is 1.
set -u
PATH=$PATH:/usr/local/bin:/usr/local/sbin:/usr/sbin:/sbin
table=${0%/*}/programs.txt

say() {
	printf '%s\n' "$@" >&2
}

# The Python of the system where it will do: others are often built without
# optimization, and a quarter slower. PYTHON names another.
find_python() {
	local python
	for python in ${PYTHON:-/usr/bin/python3 /usr/local/bin/python3 python3}; do
		"$python" -c '
import ensurepip, sys
sys.exit(sys.version_info < (3, 11))
' 2>/dev/null || continue
		printf '%s\n' "$python"
		return 0
	done
	return 1
}

# Whether a program is there, or a module of Python.
has() {
	local python
	case $1 in
	python3) find_python >/dev/null ;;
	python3:*)
		python=$(find_python) || return
		"$python" -c "import ${1#python3:}" 2>/dev/null
		;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# "PROGRAM PACKAGES" of each row that is needed for this purpose ($1), which
# includes what building needs, and is not there.
missing() {
	local purpose program debian freebsd packages
	while read -r purpose program debian freebsd; do
		case $purpose in
		build | "$1") ;;
		*) continue ;;
		esac
		packages=$debian
		[ "$system" = FreeBSD ] && packages=$freebsd
		case $packages in
		- | none) continue ;;
		esac
		has "$program" || printf '%s %s\n' "$program" "$packages"
	done <"$table"
}

# Column $2 of what is missing ($1), on one line.
column() {
	printf '%s\n' "$1" | cut -d ' ' -f "$2" | tr '\n,' '  ' | sed 's/ $//'
}

# The command that installs the packages $1 as root, if we know one.
installer() {
	if [ "$system" = FreeBSD ]; then
		printf 'pkg install -y %s\n' "$1"
	elif has apt-get; then
		printf 'apt-get update -qq && %s %s\n' \
		    'apt-get install -y -qq --no-install-recommends' "$1"
	fi
}

# Install the packages $1 with the command $2, or tell how.
install() {
	if [ -z "$2" ]; then
		say "Install them by the package manager of this system; Debian" \
		    "calls the packages $1."
		return 1
	elif [ "$(id -u)" = 0 ]; then
		say "Installing $1"
		DEBIAN_FRONTEND=noninteractive sh -c "$2" >/dev/null && return
		say "That failed; the command was" "    $2"
		return 1
	elif has sudo; then
		say "Install them with" "    sudo sh -c '$2'"
		return 1
	else
		say "Install them with" "    su root -c '$2'"
		return 1
	fi
}

# The sandbox must be allowed, not only installed.
check_sandbox() {
	local said knob
	has bwrap || return 0
	said=$(bwrap --unshare-all --uid 0 --gid 0 --ro-bind / / --proc /proc \
	    true 2>&1) && return
	say "bwrap cannot make a sandbox here: $said"
	for knob in kernel.unprivileged_userns_clone=1 \
	    kernel.apparmor_restrict_unprivileged_userns=0; do
		case $(sysctl -n "${knob%=*}" 2>/dev/null) in
		'' | "${knob#*=}") ;;
		*) say "Allow it, as root, with" "    sysctl $knob" ;;
		esac
	done
	say "In a container, its user namespaces must be allowed by whoever runs it."
	return 1
}

check() {
	local found packages
	found=$(missing "$1")
	if [ -n "$found" ]; then
		say "Not on this machine: $(column "$found" 1)."
		packages=$(column "$found" 2)
		install "$packages" "$(installer "$packages")" || return 1
		found=$(missing "$1")
		if [ -n "$found" ]; then
			say "Still not on this machine: $(column "$found" 1)." \
			    "Python must be 3.11 or later and have ensurepip."
			return 1
		fi
	fi
	[ "$1" = build ] || check_sandbox
}

system=$(uname -s)
case ${1-} in
build | test) check "$1" ;;
python) find_python ;;
*)
	say "usage: requirements.sh build|test|python"
	exit 2
	;;
esac
