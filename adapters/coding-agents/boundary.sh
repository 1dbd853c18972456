# Builds a file system that holds nothing of ours, and a network with one way out, enters them and runs a coding agent there. Runs as the first process of
# namespaces of its own (boundary.ts), with the agent's environment. Whatever goes wrong ends it before the agent begins.
#   <folder> <user> <work> <home> <our node> <our network> <socket of the proxy> <relay> <model API on our loopback>
#   [what to hide …] -- [what to show …] -- [what must not be there …] -- <command> [argument …]
set -eu
# The agent is another user and has to enter what is made here, however closed a worker makes its own files.
umask 022
trap 'exit 143' TERM INT HUP
root=$1 user=$2 work=$3 home=$4 node=$5 network=$6 proxy=$7 relay=$8 api=$9 path=${PATH-}
shift 9
PATH=/usr/sbin:/usr/bin:/sbin:/bin
fail() {
  echo "The boundary could not be drawn: $1." >&2
  exit 125
}
[ $$ -eq 1 ] || fail 'the process list is shared'
[ "$(readlink /proc/self/ns/net)" != "$network" ] || fail 'the network is shared'
command -v ip >/dev/null || fail 'there is no ip: install iproute2'
ip link set lo up || fail 'the loopback of its own network cannot be brought up'
mount --make-rprivate /
mount -t tmpfs -o mode=755,size=16m tmpfs "$root"

# A file or a folder, at its place below the new root.
show() {
  if [ -d "$1" ]; then
    mkdir -p "$root$2"
    mount --rbind "$1" "$root$2"
  else
    mkdir -p "$(dirname "$root$2")"
    : >"$root$2"
    mount --bind "$1" "$root$2"
  fi
}
# The agent may not write there anyway: it is another user, or in a namespace in which the owners of the files are nobody.
show_readonly() {
  show "$1" "$1"
  mount -o remount,bind,ro "$root$1" 2>/dev/null || :
}

for each in usr bin sbin lib lib32 lib64 libx32 nix; do
  if [ -L "/$each" ]; then
    ln -s "$(readlink "/$each")" "$root/$each"
  elif [ -d "/$each" ]; then
    show_readonly "/$each"
  fi
done
mkdir -p "$root/etc/ssl" "$root/proc" "$root/dev/shm" "$root/tmp" "$root/old"
for each in hosts host.conf resolv.conf nsswitch.conf gai.conf localtime protocols services mime.types ld.so.cache ssl/openssl.cnf; do
  [ ! -f "/etc/$each" ] || cat "/etc/$each" >"$root/etc/$each"
done
for each in ssl/certs ca-certificates pki/tls/certs pki/ca-trust/extracted alternatives; do
  [ ! -d "/etc/$each" ] || show_readonly "/etc/$each"
done
printf 'root:x:0:0::/:/bin/false\nagent:x:%s:%s::/nubabel/home:/bin/sh\n' "$user" "$user" >"$root/etc/passwd"
printf 'root:x:0:\nagent:x:%s:\n' "$user" >"$root/etc/group"
for each in null zero full random urandom; do show "/dev/$each" "/dev/$each"; done
ln -s /proc/self/fd "$root/dev/fd"
for each in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${each%%:*}" "$root/dev/${each#*:}"; done
mount -t tmpfs -o mode=1777,nosuid,nodev,size=64m tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=1777,nosuid,nodev,size=1g tmpfs "$root/tmp"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
# Of the new network alone: the relay is nobody who could take the port 80 of a model API.
echo 0 2>/dev/null >"$root/proc/sys/net/ipv4/ip_unprivileged_port_start" || :

# Where our own folders lie below what every program needs, such as /usr/src/app.
while [ "$1" != -- ]; do
  if [ -d "$root$1" ]; then
    mount -t tmpfs -o mode=755,size=1m tmpfs "$root$1"
  elif [ -e "$root$1" ]; then
    mount --bind /dev/null "$root$1"
  fi
  shift
done
shift
while [ "$1" != -- ]; do
  [ -e "$root$1" ] || show_readonly "$1"
  shift
done
shift
show "$work" /nubabel/work
show "$proxy" /nubabel/proxy
show "$home" /nubabel/home

cd "$root"
pivot_root . old
umount -l /old
rmdir /old
mount -o remount,bind,ro /
cd /nubabel/work
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then
    [ -z "$(ls -A "$1")" ] || fail "$1 can be reached"
  elif [ -s "$1" ]; then
    fail "$1 can be reached"
  fi
  shift
done
shift

setpriv=$(command -v setpriv) || fail 'there is no setpriv'
# Not as root of this machine, which may write to the kernel's settings whatever it has been taken.
as_agent() {
  [ "$user" = 0 ] || set -- --reuid "$user" --regid "$user" --clear-groups -- "$@"
  [ "$user" != 0 ] || set -- -- "$@"
  exec "$setpriv" --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
}
# From the loopback in here to the proxy of the worker. It says one line when it listens, and none when it cannot.
mkfifo /tmp/relay
(cd / && as_agent env -i "$node" -e "$relay" /nubabel/proxy "$api") </dev/null >/tmp/relay &
read -r port </tmp/relay || fail 'the way to the proxy cannot be opened'
rm /tmp/relay
trap 'kill -TERM -1 2>/dev/null || :' TERM INT HUP
exec 3<&0 </dev/null
unset OLDPWD || :
export HTTPS_PROXY="http://127.0.0.1:$port" NO_PROXY=localhost,127.0.0.1,::1 NODE_USE_ENV_PROXY=1
export HTTP_PROXY="$HTTPS_PROXY" https_proxy="$HTTPS_PROXY" http_proxy="$HTTPS_PROXY" no_proxy="$NO_PROXY"
(export PATH="$path:${node%/*}" HOME=/nubabel/home && as_agent "$@") <&3 3<&- &
exec 3<&-
agent=$!
status=0
# A signal ends the wait, and not the agent.
while kill -0 "$agent" 2>/dev/null; do wait "$agent" && status=0 || status=$?; done
exit "$status"
