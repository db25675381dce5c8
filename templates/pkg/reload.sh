# Have what runs on this host read again what this package brought or took away.
# What may interrupt guests is not done here.
if [ -n "${PKG_ROOTDIR:-}" ] && [ "$PKG_ROOTDIR" != / ]; then
	exit 0
fi
for name in devd dnsmasq; do
	if service "$name" onestatus >/dev/null 2>&1; then
		service "$name" onerestart >/dev/null 2>&1 ||
		    printf 'run: service %s restart\n' "$name"
	fi
done
rules=/usr/local/etc/hivewright/pf.conf
if [ -f "$rules" ] && pfctl -s info >/dev/null 2>&1; then
	pfctl -q -a hivewright -f "$rules" ||
	    printf 'run: pfctl -a hivewright -f %s\n' "$rules"
fi
exit 0
