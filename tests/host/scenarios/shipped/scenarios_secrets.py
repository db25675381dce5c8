"""Scenarios of first-boot data with secrets, which the host puts in."""

from __future__ import annotations

import base64
import json

from host.networks import FRAMES
from host.play import Play
from host.scenario import scenario

STATE = "/var/db/hivewright"
SECRETS = "/usr/local/etc/hivewright/secrets"
HASH = "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/"
TOKEN = b"one & two \\ three\n" * 8 + b"\xff\x00"
MAKING = "making the first-boot data"


def with_secrets(play: Play) -> None:
    """Both secrets are there, for root alone."""
    play.sh(f"mkdir -p {SECRETS}; umask 77; echo '{HASH}' >{SECRETS}/bob; echo >{SECRETS}/token")
    play.host.path(f"{SECRETS}/token").write_bytes(TOKEN)


@scenario()
def secrets_come_in_on_the_host(play: Play) -> None:
    """What was shipped has marks; the medium has the secrets, is for root alone, and no copy is left."""
    with_secrets(play)
    shipped = play.host.path("/usr/local/etc/hivewright/vms/hash1/seed/user-data").read_text()
    assert "hivewright-secret:hash:bob:" in shipped
    play.hivectl("start", "hash1")
    play.order(f"b64encode -r {SECRETS}/token secret", "makefs", "bhyve ... hash1")
    medium = play.host.path(f"{STATE}/hash1/seed.iso")
    text = medium.read_text()
    assert HASH in text
    assert base64.b64encode(TOKEN).decode() in text
    assert "hivewright-secret" not in text
    assert medium.stat().st_mode & 0o777 == 0o600
    assert not play.host.path(f"{STATE}/hash1/seed.new").exists()


@scenario(everyday=True)
def ignition_gets_a_file(play: Play) -> None:
    """There is no drive, and bhyve shows the config by fw_cfg."""
    with_secrets(play)
    play.hivectl("start", "core1")
    play.never("makefs")
    play.order("bhyve ... core1")
    file = play.host.path(f"{STATE}/core1/config.ign")
    config = json.loads(file.read_text())
    assert config["passwd"]["users"][0]["passwordHash"] == HASH
    token = next(each for each in config["storage"]["files"] if each["path"] == "/etc/token")
    assert token["contents"]["source"] == "data:;base64," + base64.b64encode(TOKEN).decode()
    assert file.stat().st_mode & 0o777 == 0o600
    assert not play.host.path(f"{STATE}/core1/seed.new").exists()


@scenario()
def windows_gets_a_config_drive(play: Play) -> None:
    """makefs(8) takes no hyphen for a label, and Windows no other."""
    play.hivectl("start", "win1")
    play.order("makefs", "bhyve ... win1")
    medium = play.host.path(f"{STATE}/win1/seed.iso")
    assert medium.read_bytes()[32814:32815] == b"-"
    assert not play.host.path(f"{STATE}/win1/seed.new").exists()


@scenario(sysctl=FRAMES)
def windows_gets_a_password_and_no_hash(play: Play) -> None:
    """As text of XML; a hash would be a password that nobody meant, so it is refused."""
    play.sh(f"mkdir -p {SECRETS}; umask 77; echo 'a&b <c>' >{SECRETS}/bob; mkdir -p /srv; : >/srv/setup.iso")
    play.hivectl("start", "win2")
    text = play.host.path(f"{STATE}/win2/seed.iso").read_text()
    assert "<Value>a&amp;b &lt;c&gt;</Value>" in text
    play.hivectl("poweroff", "win2")
    play.sh(f"echo '{HASH}' >{SECRETS}/bob")
    says = f"win2: the secret {SECRETS}/bob is the hash of a password; "
    play.hivectl("provision", "win2", status=1, says=[f"win2: {MAKING}", f"{says}Windows takes the password itself"])


@scenario(sysctl=FRAMES)
def secrets_that_will_not_do(play: Play) -> None:
    """One that is missing, that others can read, or that is a clear password: no guest starts, and nothing is told."""
    with_secrets(play)
    play.sh(f"mv {SECRETS}/bob {SECRETS}/kept")
    made = ["hash1: disk root: creating the file", "hash1: making the UEFI variables", f"hash1: {MAKING}"]
    says = f"hash1: provisioning failed: the secret {SECRETS}/bob does not exist; write it there, and chmod 600"
    play.hivectl("start", "hash1", status=1, says=[*made, says])
    play.sh(f"umask 77; echo open-sesame >{SECRETS}/bob")
    says = (
        f"hash1: provisioning failed: the secret {SECRETS}/bob is no hash of a password; "
        "write there what openssl passwd -6 prints"
    )
    play.hivectl("start", "hash1", status=1, says=[f"hash1: {MAKING}", says])
    play.sh(f"cp {SECRETS}/kept {SECRETS}/bob; chmod 644 {SECRETS}/bob")
    says = f"hash1: provisioning failed: the secret {SECRETS}/bob is not for root alone: chown root and chmod 600"
    play.hivectl("start", "hash1", status=1, says=[f"hash1: {MAKING}", says])
    play.never("makefs", "bhyve")
    assert not play.host.path(f"{STATE}/hash1/seed.new").exists()
    assert "open-sesame" not in play.host.path("/var/log/hivewright/hash1.log").read_text()
    play.sh(f"chmod 600 {SECRETS}/bob")
    play.hivectl("start", "hash1", says=[f"hash1: {MAKING}", "hash1: started (pid N)"])


@scenario()
def a_secret_that_changed(play: Play) -> None:
    """It reaches the medium when the guest is provisioned; another reader's medium takes the place of the former."""
    with_secrets(play)
    play.made("hash1")
    play.sh(f"umask 77; echo '{HASH.replace('qFm', 'new')}' >{SECRETS}/bob")
    play.hivectl("provision", "hash1")
    assert HASH.replace("qFm", "new") in play.host.path(f"{STATE}/hash1/seed.iso").read_text()
    play.sh(f"echo old >{STATE}/hash1/config.ign")
    play.hivectl("provision", "hash1")
    assert not play.host.path(f"{STATE}/hash1/config.ign").exists()
