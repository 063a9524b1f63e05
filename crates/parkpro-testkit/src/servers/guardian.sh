# shellcheck shell=sh
# Stands between the tests and one throw-away server: starts it, stops it, and when the tests are gone,
# however they ended, ends it and removes its folder.
#
#   sh -c THIS guardian postgres FOLDER_OF_PROGRAMS SETTING...
#   sh -c THIS guardian redis    PROGRAM            SETTING...
#
# Says the folder's path first. Then orders come one a line on standard input (create, start PORT, stop, kill),
# and each is answered with one line, `ok` or `failed`. The end of the input means that the tests are gone.

kind=$1
programs=$2
shift 2
server=
folder=

finish() {
    trap '' HUP INT TERM PIPE
    case $kind in
        postgres) end QUIT ;;
        redis) end KILL ;;
    esac
    # A killed Postgres could not give back its shared memory; the seventh line of its lock file names it.
    memory=$(sed -n 's/^ *[0-9]* *//; 7p' "$folder/data/postmaster.pid" 2>/dev/null)
    [ -z "$memory" ] || ipcrm -m "$memory"
    # Orphaned workers may still be writing.
    ticks=0
    until rm -rf "$folder" || [ $ticks -ge 100 ]; do
        ticks=$((ticks + 1))
        sleep 0.05
    done
}

# Becomes the program, under an account that Postgres accepts: it refuses to run as root.
become() {
    case $way in
        setpriv) exec setpriv --reuid "$account" --regid "$(id -g "$account")" --clear-groups -- "$@" ;;
        runuser) exec runuser -u "$account" -- "$@" ;;
        su) exec su -s /bin/sh -c 'exec "$@"' "$account" -- sh "$@" ;;
        *) exec "$@" ;;
    esac
}

choose_account() {
    way=self
    if [ "$kind" = postgres ] && [ "$(id -u)" = 0 ]; then
        account=postgres
        id "$account" >/dev/null 2>&1 || account=nobody
        for way in setpriv runuser su; do
            (become true) >/dev/null 2>&1 && break
        done
    fi
}

make_folder() {
    base=${TMPDIR:-/tmp}
    # The path of a socket has a hundred characters at most, and the account must be able to enter.
    if [ ${#base} -gt 64 ] || ! (become test -x "$base"); then
        base=/tmp
    fi
    folder=$(mktemp -d "$base/parkpro-$kind.XXXXXX") || exit 1
    chmod 711 "$folder"
    exec 2>>"$folder/log"
    mkdir -m 700 "$folder/data"
    [ "$way" = self ] || chown "$account" "$folder" "$folder/data"
}

create() {
    (become "$programs/initdb" -D "$folder/data" -U parkpro -A trust -E UTF8 --locale=C --no-sync) \
        </dev/null >>"$folder/log" 2>&1
}

launch() {
    case $kind in
        postgres) become "$programs/postgres" -D "$folder/data" -p "$port" -k "$folder" "$@" ;;
        redis) become "$programs" --dir "$folder/data" --port "$port" --unixsocket "$folder/socket" "$@" ;;
    esac
}

# Asked by the socket in our own folder: on the port, some other server might answer.
ready() {
    case $kind in
        postgres) "$programs/pg_isready" -q -h "$folder" -p "$port" -U parkpro -d postgres ;;
        redis) [ -S "$folder/socket" ] ;;
    esac
}

running() {
    [ -n "$server" ] && kill -0 "$server" 2>/dev/null
}

start() {
    rm -f "$folder/socket"
    launch "$@" </dev/null >>"$folder/log" 2>&1 &
    server=$!
    ticks=0
    while running; do
        ready && return 0
        ticks=$((ticks + 1))
        [ $ticks -lt 1200 ] || end KILL
        sleep 0.05
    done
    end KILL
    return 1
}

# Sends the signal and waits; who does not heed it within five seconds is killed.
end() {
    if running; then
        main=$server
        case $way in
            # These stay as parents; the server itself is named in its lock file.
            runuser | su) main=$(sed -n 1p "$folder/data/postmaster.pid") ;;
        esac
        signal "$1"
        ticks=0
        while running; do
            ticks=$((ticks + 1))
            [ $ticks -ne 100 ] || signal KILL
            sleep 0.05
        done
    fi
    [ -z "$server" ] || wait "$server"
    server=
    return 0
}

# A worker of a killed Postgres would end its query first, and nobody could start the server again until then.
signal() {
    workers=
    if [ "$1" = KILL ]; then
        workers=$(cat "/proc/$main/task/$main/children" 2>/dev/null || pgrep -P "$main")
    fi
    # shellcheck disable=SC2086 # one word each
    kill "-$1" "$main" $workers
}

trap exit HUP INT TERM PIPE
trap '[ -z "$folder" ] || finish' EXIT
export LC_ALL=C
cd /
choose_account
make_folder
echo "$folder"
while read -r order port; do
    case $order in
        create) create ;;
        start) start "$@" ;;
        stop) case $kind in postgres) end INT ;; redis) end TERM ;; esac ;;
        kill) end KILL ;;
    esac
    # shellcheck disable=SC2181 # whichever order it was
    if [ $? -eq 0 ]; then echo ok; else echo failed; fi
done
