"""From the files of a site to a validated site: objects, layers, merged VMs, overrides of hosts, references.

All diagnostics are collected. No input makes this raise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial as partial_function
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from hivewright.diagnostics import Diagnostic, KeyPath, Place
from hivewright.diagnostics.wording import quoted, table_text
from hivewright.model.base import Table
from hivewright.model.guest import Topology
from hivewright.model.host import Host
from hivewright.model.image import Image
from hivewright.model.image_uses import image_uses
from hivewright.model.profile import Profile
from hivewright.model.roots import ROOTS
from hivewright.model.site import SiteTable, User
from hivewright.model.vm import Vm
from hivewright.site.host_overrides import Forms, apply_host_overrides, form_of
from hivewright.site.recurring import Recurring
from hivewright.site.references import Known, check_references
from hivewright.site.resolve import Resolver, place_in_layers, sort_tables
from hivewright.site.site import Layer, Site
from hivewright.site.tables import Tables, add_up
from hivewright.source import Sources

M = TypeVar("M", bound=Table)

_REQUIRED: Mapping[str, object] = {"memory": "1G"}
"""Values for required keys of a VM where a layer is validated on its own."""


class Loaded(NamedTuple):
    """The outcome of loading. There is a site only when there is no error."""

    site: Site | None
    diagnostics: tuple[Diagnostic, ...]
    rest: Site
    """What can be checked further although there are errors; the site itself when there are none."""
    uncertain: frozenset[KeyPath]
    """The objects that are not in ``rest`` because something about them is not known."""


def load(sources: Sources) -> Loaded:
    """Validates everything that was read. Files of the site that VMs name are read here, profiles when used."""
    loader = _Loader(sources, add_up(sources.files))
    site = loader.load()
    found = [
        *sources.diagnostics,
        *loader.tables.diagnostics,
        *loader.resolver.diagnostics,
        *loader.resolver.profiles.diagnostics,
        *loader.diagnostics,
    ]
    diagnostics = tuple(_once(found))
    if not any(each.severity == "error" for each in diagnostics):
        return Loaded(site, diagnostics, site, frozenset())
    from hivewright.site.sound import sound_part

    return Loaded(None, diagnostics, sound_part(site, loader.uncertain), frozenset(loader.uncertain))


def _once(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Without repetitions: a fault in a template is found in the template and in every VM that inherits it."""
    found: dict[object, Diagnostic] = {}
    for each in diagnostics:
        found.setdefault((each.code, each.place, each.message), each)
    wrong = {_path(each) for each in found.values() if each.code.startswith("KEY")}
    # What is no name at all is not also the name of nothing.
    return [each for each in found.values() if not (each.code.startswith("REF") and _path(each) in wrong)]


def _path(diagnostic: Diagnostic) -> object:
    """The file and key path of a diagnostic, whichever part of it is marked."""
    place = diagnostic.place
    return (place.file, place.path) if isinstance(place, Place) else place


class _Loader:
    def __init__(self, sources: Sources, tables: Tables) -> None:
        self.sources = sources
        self.tables = tables
        self.diagnostics: list[Diagnostic] = []
        self.resolver = Resolver(sources, tables)
        self.recurring = Recurring()
        self.layers: dict[str, tuple[Layer, ...]] = {}
        self.uncertain: set[KeyPath] = {path for lost in sources.lost for path in lost.tables()} | tables.unclear
        """Objects, and kinds of objects, of which something is not known because it could not be read."""

    def load(self) -> Site:
        """The site, as far as it is valid."""
        table = self._site_table()
        hosts = self._objects("host", Host)
        network_forms, storage_forms = ROOTS["network"].forms, ROOTS["storage"].forms
        networks, storages = self._variants("network", network_forms), self._variants("storage", storage_forms)
        images = self._objects("image", Image)
        users, topologies = self._objects("user", User), self._objects("topology", Topology)
        self._lower_layers()
        vms = self._vms()
        host_networks, network_faults = apply_host_overrides(
            "network", network_forms, networks, self.tables, self._checked, self.resolver.may_exist
        )
        host_storages, storage_faults = apply_host_overrides(
            "storage", storage_forms, storages, self.tables, self._checked, self.resolver.may_exist
        )
        self.diagnostics += (*network_faults, *storage_faults)
        # What is not written yet, as an import has it; all else is read where it is named.
        texts = self.sources.texts.items()
        files = {name: text.encode() for name, text in texts if not name.endswith(".toml")}
        site = Site(
            table=table,
            hosts=hosts,
            networks=networks,
            storages=storages,
            images=images,
            users=users,
            topologies=topologies,
            profiles=self._profiles(vms, images),
            vms=vms,
            host_networks=host_networks,
            host_storages=host_storages,
            files=files,
            homes=self.tables.homes,
            layers=self.layers,
        )
        known = Known(
            {kind: objects.keys() for kind, objects in self.tables.named.items()},
            self.sources.profile_names,
            self.resolver.may_exist,
            self.uncertain,
        )
        faults, broken = check_references(site, known, str(self.sources.project.site), files)
        self.diagnostics += faults
        self.uncertain |= broken
        return site

    def _site_table(self) -> SiteTable:
        values = self.tables.single.get("site")
        found = None
        if values is not None:
            found = self._validate(SiteTable, values, self.tables.homes[("site",)], ("site",))
        elif not self._is_uncertain(("site",)) and not self.sources.may_define("site"):
            message = "no file has the table [site]"
            self.diagnostics.append(Diagnostic("KEY002", message, help='add [site] with name = "…", the site\'s name'))
        return found if found is not None else SiteTable.model_construct(name="unnamed")

    def _objects(self, kind: str, model: type[M]) -> dict[str, M]:
        found = {}
        for name, values in self.tables.named[kind].items():
            valid = self._validate(model, values, self.tables.homes[kind, name], (kind, name))
            if valid is not None:
                found[name] = valid
        return found

    def _variants(self, kind: str, forms: Forms) -> dict[str, Any]:
        """Objects of a kind with several forms, told apart by their key ``kind``."""
        found: dict[str, Any] = {}
        for name, values in self.tables.named[kind].items():
            path = (kind, name)
            file = self.tables.homes[path]
            model = form_of(forms, values, Place(file, path))
            if isinstance(model, Diagnostic):
                if "kind" in values or not self._is_uncertain(path):
                    self.diagnostics.append(model)
                self.uncertain.add(path)
                continue
            valid = self._validate(model, values, file, path)
            if valid is not None:
                found[name] = valid
        return found

    def _validate(
        self, model: type[M], values: Mapping[str, object], file: str, prefix: KeyPath, *, partial: bool = False
    ) -> M | None:
        """A validated table of one file. In a partial layer no key is required."""
        partial = partial or self._is_uncertain(prefix)
        return self._checked(model, values, (Layer("", file, prefix, values),), partial=partial)

    def _is_uncertain(self, path: KeyPath) -> bool:
        return not self.uncertain.isdisjoint((path[:1], path[:2]))

    def _checked(
        self, model: type[M], values: Mapping[str, object], layers: tuple[Layer, ...], *, partial: bool = False
    ) -> M | None:
        """Validated values that were merged from layers; a fault is placed in the layer that supplied it.

        What has faults is returned without them, as far as it is valid then, and is uncertain if that changes it.
        Keys are sorted before, so that their order in the file never matters.
        """
        whole = {**_REQUIRED, **values} if partial and model is Vm else values
        try:
            return model.model_validate(self.recurring.put_into(whole) if model is Vm else sort_tables(whole))
        except ValidationError as error:
            from hivewright.site.model_errors import diagnose

            where = partial_function(place_in_layers, layers)
            self.diagnostics += diagnose(error, model, values, where, partial=partial)
            return self._repaired(error, model, whole, layers[0].prefix[:2])
        except RecursionError:
            place = place_in_layers(layers, (), "table")
            self.diagnostics.append(Diagnostic("SRC007", f"{table_text(place.path)} is nested too deeply", place))
            self.uncertain.add(layers[0].prefix[:2])
        return None

    def _repaired(
        self, error: ValidationError, model: type[M], values: Mapping[str, object], path: KeyPath
    ) -> M | None:
        """A table without its faults; ``None`` when what is left of it is not valid either."""
        from hivewright.site.model_errors import repaired

        for _ in range(3):
            values, is_complete = repaired(error, model, values)
            if not is_complete:
                self.uncertain.add(path)
            try:
                return model.model_validate(sort_tables({**_REQUIRED, **values} if model is Vm else values))
            except ValidationError as other:
                error = other
            except RecursionError:
                break
        self.uncertain.add(path)
        return None

    def _lower_layers(self) -> None:
        """Checks defaults and templates on their own, so that errors are reported even if no VM uses them."""
        layers = [] if self.resolver.defaults is None else [self.resolver.defaults]
        for name, values in self.tables.named["template"].items():
            layer = self.resolver.template_layer(name)
            layers.append(layer)
            self._refuse(values, ("inherit",), layer.file, layer.prefix, "a template does not inherit")
        for layer in layers:
            self._validate(Vm, layer.values, layer.file, layer.prefix, partial=True)

    def _refuse(
        self, values: Mapping[str, object], keys: Iterable[str], file: str, prefix: KeyPath, reason: str
    ) -> None:
        for key in keys:
            if key in values:
                message = f"{quoted(key)} is not allowed in {table_text(prefix)}: {reason}"
                place = Place(file, (*prefix, key), "key")
                self.diagnostics.append(Diagnostic("KEY008", message, place, "name it in the VM, or in [defaults]"))

    def _vms(self) -> dict[str, Vm]:
        """The VMs. An invalid VM is kept without its bad keys, so its references are still checked."""
        found = {}
        for name in self.tables.named["vm"]:
            whole = self.resolver.resolve(name)
            self.layers[name] = whole.layers
            path = ("vm", name)
            if name in self.resolver.incomplete:
                self.uncertain.add(path)
            vm = self._checked(Vm, whole.values, whole.layers, partial=self._is_uncertain(path))
            if vm is None:
                continue
            found[name] = vm
            if vm.host is None and not vm.hosts and not self._is_uncertain(path):
                self.uncertain.add(path)
                place = place_in_layers(whole.layers, (), "table")
                message = f'{table_text(place.path)} lacks the key "host"'
                remedy = 'add host = "…", the host it runs on; or hosts = ["…", "…"], its home first'
                self.diagnostics.append(Diagnostic("KEY002", message, place, remedy))
        return found

    def _profiles(self, vms: Mapping[str, Vm], images: Mapping[str, Image]) -> dict[str, Profile]:
        """The profiles that VMs use, for themselves or for their image, and those of the site; each is checked once."""
        wanted = {use.image for vm in vms.values() for use in image_uses(vm)}
        for image in sorted(wanted - images.keys()):
            self.resolver.profiles.ask(image)
        for name in self.sources.own_profiles():
            self.resolver.profiles.ask(name)
        found = {}
        for name in sorted(self.resolver.profiles.asked):
            profile = self._profile(name)
            if profile is not None:
                found[name] = profile
                self.tables.homes["profile", name] = self.resolver.profiles.chain(name)[0].name
        return found

    def _profile(self, name: str) -> Profile | None:
        """A profile with what it extends. What it sets in VMs is checked too, in each file by itself."""
        profiles = self.resolver.profiles
        for file in profiles.chain(name):
            keys = file.values.get("vm")
            if isinstance(keys, dict):
                self._refuse(keys, ("inherit", "profile"), file.name, ("vm",), "a profile stands for itself")
        for layer in profiles.layers(name):
            self._validate(Vm, layer.values, layer.file, layer.prefix, partial=True)
        values, layers = profiles.whole(name)
        last = profiles.chain(name)[-1].values
        uncertain = name in profiles.broken or "extends" in last or last.keys() - Profile.model_fields.keys()
        whole = values if not uncertain else {"os": "other", "description": "", **values}
        return self._checked(Profile, whole, layers)
