"""From the plan of a host to the files of the host: ``{path below build/HOST: Artifact}``.

Templates lie below ``templates/`` as their results lie on the host; ``VM`` in a path stands for a guest, ``DEVICE`` for
a PCI device, and ``SERVICE`` for a service of the system. Each
language has an environment of its own whose ``finalize`` is the quoter of that language. Only text, ``{{ a.b }}``, for,
if, include and the filter ``comment`` are used; everything else is decided here or in ``lower``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from hivewright.emit.inventory import inventory_context, waves
from hivewright.emit.quote import (
    Quoter,
    ShellText,
    comment,
    devd_condition,
    devd_statement,
    loader_setting,
    quote_devd,
    quote_loader,
    quote_markdown,
    quote_rule,
    quote_sh,
    quote_ucl,
    rc_setting,
    rule_line,
    shell_call,
    shell_words,
    ucl_section,
    ucl_setting,
)
from hivewright.emit.runtime import ABI, runtime_reference
from hivewright.plan import (
    GUESTS,
    HIVE,
    INVENTORY,
    MANIFEST,
    RC_SERVICES,
    Artifact,
    HostPlan,
    IovPlan,
    Option,
    Policy,
    RcSetting,
    Step,
    VmPlan,
    format_manifest,
)
from hivewright.system.data import data_directory

LOADER = "root/boot/loader.conf.d/hivewright.conf"
DEVD = "root/usr/local/etc/devd/hivewright.conf"
RC = "root/usr/local/etc/rc.conf.d/SERVICE/hivewright"
CRON = "root/usr/local/etc/cron.d/hivewright-replicate"
HOST = f"{HIVE}host.conf"
FRAGMENTS = (f"{HIVE}pf.conf", f"{HIVE}ipfw.rules", f"{HIVE}dnsmasq.conf")
IOVCTL = f"{HIVE}iovctl/DEVICE.conf"
SCRIPT = f"{GUESTS}VM/"
TEMPLATE_SUFFIX = ".j2"

_QUOTERS: dict[str, Quoter] = {LOADER: quote_loader, DEVD: quote_devd, INVENTORY: quote_markdown}
_QUOTERS.update(dict.fromkeys(FRAGMENTS, quote_rule))
_QUOTERS[IOVCTL] = quote_ucl
"""The quoter of each template that is not sh."""

_POLICY_KEYS = (
    ("poweroff", "on_poweroff"),
    ("reboot", "on_reboot"),
    ("crash", "on_crash, restart_limit"),
)


class Templates(NamedTuple):
    """The templates, each compiled once."""

    start: Template
    stop: Template
    provision: Template
    host: Template
    loader: Template
    devd: Template
    cron: Template
    rc: Template
    inventory: Template
    iovctl: Template
    fragments: dict[str, Template]


def environment(directory: Path, quoter: Quoter) -> Environment:
    """An environment of one output language."""
    result = Environment(
        loader=FileSystemLoader(directory),
        finalize=quoter,
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    result.filters = {"comment": comment}
    result.tests = {}
    result.globals = {}
    return result


def quoter_of(path: str) -> Quoter:
    """The quoter for a template by its path below templates/."""
    return _QUOTERS.get(path.removesuffix(TEMPLATE_SUFFIX), quote_sh)


@cache
def load_templates(directory: Path) -> Templates:
    """Compile the templates."""
    environments: dict[Quoter, Environment] = {}

    def template(path: str) -> Template:
        quoter = quoter_of(path)
        if quoter not in environments:
            environments[quoter] = environment(directory, quoter)
        return environments[quoter].get_template(path + TEMPLATE_SUFFIX)

    return Templates(
        start=template(f"{SCRIPT}start"),
        stop=template(f"{SCRIPT}stop"),
        provision=template(f"{SCRIPT}provision"),
        host=template(HOST),
        loader=template(LOADER),
        devd=template(DEVD),
        cron=template(CRON),
        rc=template(RC),
        inventory=template(INVENTORY),
        iovctl=template(IOVCTL),
        fragments={path: template(path) for path in FRAGMENTS},
    )


def render(plan: HostPlan) -> dict[str, Artifact]:
    """Every file of one host, by its path below build/HOST, MANIFEST and INVENTORY.md included."""
    templates = load_templates(data_directory("templates"))
    artifacts: dict[str, Artifact] = {}
    artifacts[HOST] = _text(templates.host.render(_host_context(plan)))
    _render_system(templates, plan, artifacts)
    for iov in plan.iov:
        artifacts[f"root{iov.path}"] = _text(templates.iovctl.render(_iovctl_context(plan, iov)))
    for vm in plan.vms:
        _render_vm(templates, vm, artifacts)
    artifacts[MANIFEST] = Artifact(0o644, format_manifest(artifacts, runtime_reference()))
    artifacts[INVENTORY] = _text(templates.inventory.render(inventory_context(plan)))
    return artifacts


def _render_system(templates: Templates, plan: HostPlan, artifacts: dict[str, Artifact]) -> None:
    """What acts on a host by lying there.

    Every host has all of it, if need be without a word: shipping removes nothing, but replaces what it shipped before.
    """
    settings = [{"line": loader_setting(item.name, item.value), "reason": item.reason} for item in plan.loader]
    artifacts[LOADER] = _text(templates.loader.render({"host": plan, "loader": settings}))
    artifacts[CRON] = _text(templates.cron.render({"host": plan}))
    artifacts[DEVD] = _text(templates.devd.render({"host": plan, "devd": _devd_context(plan)}))
    lines: dict[str, list[dict[str, object]]] = {service: [] for service in RC_SERVICES}
    for setting in plan.rc:
        lines[setting.service].append(_rc_line(setting))
    for service, found in lines.items():
        context = {"host": plan, "service": service, "settings": found}
        artifacts[RC.replace("SERVICE", service)] = _text(templates.rc.render(context))
    rules = {f"root{fragment.path}": fragment.sections for fragment in plan.fragments}
    for path in FRAGMENTS:
        sections = [{"name": name, "lines": map(rule_line, each)} for name, each in rules.get(path, ())]
        artifacts[path] = _text(templates.fragments[path].render({"host": plan, "sections": sections}))


def _rc_line(setting: RcSetting) -> dict[str, object]:
    return {"line": rc_setting(setting.name, setting.value, setting.append), "reason": setting.reason}


def _text(text: str, mode: int = 0o644) -> Artifact:
    return Artifact(mode, text.encode())


def guest_files(vm: VmPlan) -> dict[str, str]:
    """The files of one guest, by their names in its folder; the start script is the first."""
    artifacts: dict[str, Artifact] = {}
    _render_vm(load_templates(data_directory("templates")), vm, artifacts)
    return {path.removeprefix(f"{HIVE}vms/{vm.name}/"): each.content.decode() for path, each in artifacts.items()}


def _render_vm(templates: Templates, vm: VmPlan, artifacts: dict[str, Artifact]) -> None:
    directory = f"{HIVE}vms/{vm.name}/"
    context = _vm_context(vm)
    artifacts[f"{directory}start"] = _text(templates.start.render(context), 0o755)
    artifacts[f"{directory}stop"] = _text(templates.stop.render(context), 0o755)
    artifacts[f"{directory}provision"] = _text(templates.provision.render(context), 0o755)
    for name, content in vm.seed:
        artifacts[f"{directory}seed/{name}"] = Artifact(0o600, content)
    for name, content in vm.hooks:
        artifacts[f"{directory}hooks/{name}"] = Artifact(0o755, content)


def _vm_context(vm: VmPlan) -> dict[str, object]:
    return {
        "vm": vm,
        "abi": ABI,
        "homes": shell_words(vm.hosts, "hosts") if len(vm.hosts) > 1 else None,
        "program": shell_words((vm.program,)),
        "debugger": shell_words((vm.debugger,), "debug.debugger") if vm.debugger else None,
        "policy": _policy(vm.policy),
        "replicate": _calls(vm.replicate),
        "told": _calls(vm.told),
        "hooks": _calls(vm.named_hooks),
        "nics": _calls(vm.ports),
        "prepare": _calls(vm.prepare),
        "loader": _calls(vm.loader),
        "options": _option_lines(vm.options),
        "stop": _calls((vm.stop,)),
        "provision": _calls(vm.provision),
    }


def _calls(steps: tuple[Step, ...]) -> list[ShellText]:
    return [shell_call(step.verb, step.words, step.label) for step in steps]


def _option_lines(options: tuple[Option, ...]) -> list[ShellText]:
    return [shell_words(option.words, option.label) for option in options]


def _policy(policy: Policy) -> list[ShellText]:
    limit = (str(policy.restart_count), str(policy.restart_within))
    events = ((policy.on_poweroff,), (policy.on_reboot,), (policy.on_crash, *limit))
    return [shell_words((event, *words), label) for (event, label), words in zip(_POLICY_KEYS, events, strict=True)]


def _devd_context(plan: HostPlan) -> list[dict[str, object]]:
    return [
        {
            "reason": rule.reason,
            "statement": devd_statement(rule.kind, rule.priority),
            "conditions": [devd_condition(variable, pattern) for variable, pattern in rule.matches],
            "action": rule.action,
        }
        for rule in plan.devd
    ]


def _iovctl_context(plan: HostPlan, iov: IovPlan) -> dict[str, object]:
    sections = [
        {"name": ucl_section(section.name), "settings": [ucl_setting(*setting) for setting in section.settings]}
        for section in iov.sections
    ]
    return {"host": plan, "iov": iov, "sections": sections}


def _host_context(plan: HostPlan) -> dict[str, object]:
    return {
        "host": plan,
        "starts": shell_call("starts", plan.starts) if plan.starts else None,
        "logs": shell_call("logs", plan.logs) if plan.logs else None,
        "metrics": shell_call("metrics", (plan.metrics,)) if plan.metrics else None,
        "modules": shell_words(plan.modules) if plan.modules else None,
        "live": shell_call("live", plan.live) if plan.live else None,
        "peers": [{"call": shell_call("peer", peer), "live": len(peer) > 2} for peer in plan.peers],
        "networks": [call for network in plan.networks for call in _calls(network.steps)],
        "kernel": [
            {"call": shell_call("setting", (item.verb, item.name, str(item.value))), "reason": item.reason}
            for item in plan.kernel
        ],
        "waves": [{"name": name, "guests": [_guest_line(vm) for vm in guests]} for name, guests in waves(plan.vms)],
    }


def _guest_line(vm: VmPlan) -> ShellText:
    words = [vm.name, f"autostart={'yes' if vm.autostart else 'no'}"]
    if vm.after:
        words.append(f"after={','.join(vm.after)}")
    if vm.ready is not None:
        words += (f"ready={vm.ready[0]}", f"ready_timeout={vm.ready[1]}")
    if vm.on_not_ready != "wait":
        words.append(f"on_not_ready={vm.on_not_ready}")
    if vm.on_host_shutdown != "stop":
        words.append(f"on_host_shutdown={vm.on_host_shutdown}:{vm.saving_seconds}")
    if vm.home != vm.host:
        words.append(f"home={vm.home}")
    if vm.tags:
        words.append(f"tags={','.join(vm.tags)}")
    return shell_words(words)
