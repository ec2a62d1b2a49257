#!/bin/sh
# Makes the certificates of these tests anew: valid from 2020 to 2120, and worth nothing elsewhere.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
touch "$work/index"
printf '%s\n' "[ca]" "default_ca = own" "[own]" "database = $work/index" "new_certs_dir = $work" \
    "rand_serial = yes" "default_md = sha256" "policy = any" "[any]" "commonName = supplied" \
    >"$work/config"

signed() { # NAME EXTENSIONS END FLAGS...: a key, and a certificate for it
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -subj "/CN=joulebook tests $1" -keyout "$work/$1.key" -out "$work/$1.csr"
    printf '%b\n' "$2" "subjectKeyIdentifier=hash" "authorityKeyIdentifier=keyid" >"$work/$1.ext"
    name=$1 end=$3
    shift 3
    openssl ca -batch -notext -config "$work/config" -in "$work/$name.csr" -extfile "$work/$name.ext" \
        -startdate 20200101000000Z -enddate "$end" -out "$work/$name.pem" "$@"
}

authority() { # NAME: who may sign others
    signed "$1" "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign" \
        21200101000000Z -selfsign -keyfile "$work/$1.key"
    cp "$work/$1.pem" .
}

server() { # NAME NAMES END: signed by our authority
    signed "$1" "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth\nsubjectAltName=$2" "$3" -cert authority.pem -keyfile "$work/authority.key"
    cat "$work/$1.key" "$work/$1.pem" >"$1.pem"
}

authority authority
authority stranger
server server "DNS:ledger.example,DNS:localhost,IP:127.0.0.1" 21200101000000Z
server elsewhere "DNS:elsewhere.example" 21200101000000Z
server expired "DNS:localhost,IP:127.0.0.1" 20200102000000Z
