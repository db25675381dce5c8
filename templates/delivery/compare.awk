# What an installation has to do: lines "ACTION DIGEST MODE PATH", in order. The
# input is lines "known DIGEST MODE PATH" of what was installed, "held" of what
# is not to be removed, "wanted" of what shall be, and what lies on the host:
# "DIGEST PATH" and "mode MODE:UID:GID PATH" of files, "odd - PATH" of all else.
# "guests" is where guests lie, "last"
# the path that comes last, and "busy" the guests that run and left the host.
#
#	new, changed, mode	install it; the last has only another mode or owner
#	edited	the same, but it was changed on this host
#	odd	something stands there that is no file
#	removed, gone	it is not wanted any more, and there is no more of it
#	busy	the same of a guest that runs
#	kept	the same, but it was changed on this host

function rest(count, text) {
	text = $0
	while (count-- > 0)
		sub(/^[^ ]* /, "", text)
	return text
}
function arrives(path) {
	if (path in odd)
		return "odd"
	if (!(path in found))
		return "new"
	if (found[path] == digest[path])
		return modes[path] == (mode[path] ":0:0") ? "same" : "mode"
	if (!olds || ((path, found[path]) in ours))
		return "changed"
	return "edited"
}
function leaves(path, guest) {
	if (!(path in found))
		return path in odd ? "kept" : "gone"
	if (!((path, found[path]) in ours))
		return "kept"
	guest = substr(path, length(guests) + 1)
	sub(/\/.*/, "", guest)
	if (index(path, guests) == 1 && index(busy, " " guest " "))
		return "busy"
	return "removed"
}
function tell(path, action) {
	action = arrives(path)
	if (action != "same")
		print action, digest[path], mode[path], path
}
$1 == "known" {
	path = rest(3)
	ours[path, $2]
	if (!(path in old)) {
		list[++olds] = path
		old[path] = $2 " " $3
	}
}
$1 == "held" { ours[rest(3), $2] }
$1 == "wanted" {
	path = rest(3)
	want[++count] = path
	digest[path] = $2
	mode[path] = $3
}
$1 == "file" { files[rest(2)] }
$1 == "odd" { odd[rest(2)] }
$1 == "mode" { modes[rest(2)] = "0" $2 }
length($1) == 64 { found[rest(1)] = $1 }
END {
	for (path in files)
		if (!(path in found && path in modes))
			exit 1
	for (i = 1; i <= count; i++)
		if (want[i] != last)
			tell(want[i])
	tell(last)
	for (i = 1; i <= olds; i++)
		if (!(list[i] in digest))
			print leaves(list[i]), old[list[i]], list[i]
}
