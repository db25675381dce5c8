"""Answers for the installer of Debian (its "Installation Guide", appendix B).

Accounts, files, commands and addresses are no questions of the installer: they are commands that it runs in the
installed system at its end. Addresses there are files for systemd-networkd, which find a NIC by its MAC address.
"""

from __future__ import annotations

import base64
import ipaddress
import shlex
from collections.abc import Iterator

from hivewright.lower.context import Guest
from hivewright.lower.devices.blocks import serial_of
from hivewright.lower.seed.accounts import content_of, passwd_of, rules_of, secret_mark
from hivewright.lower.seed.interfaces import interface_files
from hivewright.lower.seed.run_once import SCRIPT, UNIT, script_of, unit_text
from hivewright.lower.seed.target import target_of
from hivewright.model.devices import Secret
from hivewright.model.first_boot import CloudInit, WriteFile
from hivewright.model.nic import Nic
from hivewright.model.readers import Reader

PRESEED_FILE = "preseed.cfg"
MOST = 128 * 1024
"""Bytes of one argument of a program (execve(2) of Linux, MAX_ARG_STRLEN): the installer runs its last command so."""
_PIECE = 60_000

_FIXED = """\
d-i hw-detect/load_firmware boolean false
d-i mirror/http/proxy string
d-i passwd/root-login boolean true
d-i passwd/root-password-crypted password *
d-i passwd/make-user boolean false
d-i clock-setup/utc boolean true
d-i partman-auto/method string regular
d-i partman-auto/choose_recipe select atomic
d-i partman-efi/non_efi_system boolean true
d-i partman-partitioning/confirm_write_new_label boolean true
d-i partman/choose_partition select finish
d-i partman/confirm boolean true
d-i partman/confirm_nooverwrite boolean true
d-i apt-setup/cdrom/set-first boolean false
tasksel tasksel/first multiselect standard, ssh-server
popularity-contest popularity-contest/participate boolean false
d-i grub-installer/only_debian boolean true
d-i grub-installer/with_other_os boolean true
d-i grub-installer/bootdev string default
d-i grub-installer/force-efi-extra-removable boolean true
d-i finish-install/reboot_in_progress note
"""
"""Root has no password: the answer ``!`` would be taken for none (user-setup). The firmware of bhyve finds the
loader by the path for removable media, whatever becomes of its variables."""


def preseed_answers(guest: Guest, cloud_init: CloudInit, late: str) -> str:
    """The file with the last command; the site's own answers stand behind ours, since of two the last one counts."""
    lines = ["# Answers for the installer of Debian, which reads them as /preseed.cfg of its initrd.\n"]
    lines += [f"{line}\n" for line in _answers(guest, cloud_init)]
    lines.append(_FIXED)
    if late:
        lines.append(f"d-i preseed/late_command string {late}\n")
    if cloud_init.user_data is not None:
        lines.append(guest.site.files[cloud_init.user_data].decode())
    return "".join(lines)


def _answers(guest: Guest, cloud_init: CloudInit) -> Iterator[str]:
    yield "d-i debconf/priority select critical"
    yield f"d-i debian-installer/locale string {cloud_init.locale or 'en_US.UTF-8'}"
    yield f"d-i keyboard-configuration/xkb-keymap select {cloud_init.keyboard or 'us'}"
    yield "d-i netcfg/choose_interface select auto"
    hostname = cloud_init.hostname or guest.name
    yield f"d-i netcfg/get_hostname string {hostname}"
    yield f"d-i netcfg/hostname string {hostname}"
    yield f"d-i netcfg/get_domain string {guest.site.table.domain}".rstrip()
    if cloud_init.network and len(guest.vm.nic) == 1:
        yield from _address(*guest.vm.nic.values())
    yield f"d-i time/zone string {cloud_init.timezone or 'Etc/UTC'}"
    packages = list(cloud_init.packages)
    if any(rules_of(guest.site.users[name], guest.site.root_by(guest.vm))[0] for name in cloud_init.users):
        packages.append("sudo")
    if packages:
        yield f"d-i pkgsel/include string {' '.join(dict.fromkeys(packages))}"
    target, others = target_of(guest)
    if target is not None and others and guest.vm.disk[target].bus != "virtio-scsi":
        # The installer asks which of several it shall take, and udev(7) has links with their serial numbers.
        find = f"ls /dev/disk/by-id/*[_-]{serial_of(guest, target)} | head -n 1"
        yield f'd-i partman/early_command string debconf-set partman-auto/disk "$(readlink -f "$({find})")"'


def _address(nic: Nic) -> Iterator[str]:
    """What the installer itself uses; without a static address it asks by DHCP."""
    if not nic.fixed4:
        return
    interface = ipaddress.ip_interface(nic.fixed4[0])
    yield "d-i netcfg/disable_autoconfig boolean true"
    yield f"d-i netcfg/get_ipaddress string {interface.ip}"
    yield f"d-i netcfg/get_netmask string {interface.netmask}"
    yield f"d-i netcfg/get_gateway string {nic.gateway4 or 'none'}"
    yield f"d-i netcfg/get_nameservers string {' '.join(nic.dns)}".rstrip()
    yield "d-i netcfg/confirm_static boolean true"


def late_command(guest: Guest, cloud_init: CloudInit, reader: Reader) -> str:
    """One line for the shell of the installer, broken where that may be."""
    commands = [*_accounts(guest, cloud_init), *_network(guest, cloud_init, reader), *_written(guest, cloud_init)]
    return "; \\\n ".join(f"in-target sh -c {shlex.quote(command)}" for command in commands)


def _accounts(guest: Guest, cloud_init: CloudInit) -> Iterator[str]:
    groups = dict.fromkeys(group for name in cloud_init.users for group in guest.site.users[name].groups)
    yield from (f"getent group {group} >/dev/null || groupadd {group}" for group in groups)
    for name in cloud_init.users:
        user = guest.site.users[name]
        words = ["useradd", "-m", "-s", user.shell or "/bin/bash"]
        words += ["-c", user.gecos] if user.gecos else []
        words += ["-G", ",".join(user.groups)] if user.groups else []
        yield shlex.join([*words, name])
        if passwd := passwd_of(user):
            yield f"echo '{name}:{passwd}' | chpasswd -e"
        if user.ssh_keys:
            keys = "".join(f"{key}\n" for key in dict.fromkeys(user.ssh_keys)).encode()
            yield f"mkdir -m 700 ~{name}/.ssh"
            yield from _file(f"~{name}/.ssh/authorized_keys", keys, "0600")
            yield f"chown -R {name}: ~{name}/.ssh"
        sudo, _ = rules_of(user, guest.site.root_by(guest.vm))
        if sudo:
            yield from _file(f"/etc/sudoers.d/90-{name}", f"{name} {sudo}\n".encode(), "0440")


def _network(guest: Guest, cloud_init: CloudInit, reader: Reader) -> Iterator[str]:
    """systemd-networkd takes the place of what the installer wrote; it leaves resolv.conf(5) alone."""
    files = list(interface_files(guest, reader)) if cloud_init.network else []
    if not files:
        return
    for path, text in files:
        yield from _file(path, text.encode(), "0644")
    nics = [nic for _, nic in sorted(guest.vm.nic.items())]
    servers = dict.fromkeys(server for nic in nics for server in nic.dns)
    domains = dict.fromkeys(domain for nic in nics for domain in nic.search)
    text = "".join(f"nameserver {server}\n" for server in servers)
    text += f"search {' '.join(domains)}\n" if domains else ""
    if servers:
        yield from _file("/etc/resolv.conf", text.encode(), "0644")
    yield from _file("/etc/network/interfaces", b"auto lo\niface lo inet loopback\n", "0644")
    yield "systemctl enable systemd-networkd"


def _written(guest: Guest, cloud_init: CloudInit) -> Iterator[str]:
    for file in cloud_init.write_files:
        yield from _write_file(guest, file)
    if cloud_init.runcmd:
        # They need a system that runs, so a unit runs them once.
        yield from _file(SCRIPT, script_of(cloud_init).encode(), "0700")
        yield from _file(f"/etc/systemd/system/{UNIT}", unit_text().encode(), "0644")
        yield f"systemctl enable {UNIT}"


def _write_file(guest: Guest, file: WriteFile) -> Iterator[str]:
    content = content_of(guest, file)
    permissions = file.permissions or "0644"
    if isinstance(content, Secret):
        yield from _encoded(file.path, [secret_mark("base64", content.secret)], permissions)
    else:
        yield from _file(file.path, content, permissions)
    if file.owner is not None:
        yield shlex.join(["chown", file.owner, file.path])


def _file(path: str, content: bytes, mode: str) -> Iterator[str]:
    encoded = base64.b64encode(content).decode()
    yield from _encoded(path, [encoded[at : at + _PIECE] for at in range(0, len(encoded), _PIECE)], mode)


def _encoded(path: str, pieces: list[str], mode: str) -> Iterator[str]:
    """A file from base64; nobody else can read it before it has its mode."""
    word, folder = (_word(each) for each in (path, path.rpartition("/")[0] or "/"))
    first, *others = pieces or [""]
    yield f"mkdir -p {folder}; umask 077; echo {first} | base64 -d >{word}"
    yield from (f"echo {piece} | base64 -d >>{word}" for piece in others)
    yield f"chmod {mode} {word}"


def _word(path: str) -> str:
    """A word of sh; the home of a user is left to it."""
    return path if path.startswith("~") else shlex.quote(path)
