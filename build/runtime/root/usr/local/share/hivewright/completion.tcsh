# For ~/.tcshrc: source /usr/local/share/hivewright/completion.tcsh
complete hivectl 'p@*@`/usr/local/sbin/hivectl _words line`@'
