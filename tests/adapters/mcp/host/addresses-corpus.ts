/** Ways to write an address of this machine that a URL parser understands, without a port. */
export const LOOPBACK_HOSTS = `
  127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0x7f.0.0.1 0x7F.0x0.0x0.0x1 017700000001 0177.0.0.1 0177.1
  0177.0x0.1 127.0.0.01 127.0.0.0x1 0x7f.0.1 127.0x000001 00000177.0.0.1 0x0000007f.1 %31%32%37.0.0.1
  127%2E0%2E0%2E1 １２７.0.0.1 127。0。0。1 127．0．0．1 ①②⑦.0.0.1 127.0.0.1. 2130706433. 0x7f.1. [::ffff:127.0.0.1]
  [::ffff:7f00:1] [::FFFF:7F00:1] [0:0:0:0:0:ffff:7f00:1] [::ffff:7f00:0001] 0 0.0.0.0 0x0 00 0.0 [::] [0::0]
  localhost LOCALHOST localhost. LocalHost. ｌｏｃａｌｈｏｓｔ loc%61lhost ⓛⓞⓒⓐⓛⓗⓞⓢⓣ`
  .trim()
  .split(/\s+/);

/** Inside, but not this machine; some of them are names. */
export const PRIVATE_HOSTS = `
  127.255.255.254 127.0.53.53 0.1.2.3 10.0.0.1 10.255.255.255 0xa000001 012.0.0.1 167772161 172.16.0.1
  172.31.255.255 0xac100001 192.168.0.1 192.168.1.254 0xc0a80001 3232235521 100.64.0.1 100.127.255.255
  100.100.100.200 169.254.0.1 169.254.169.254 2852039166 0xa9fea9fe 0251.0376.0251.0376 169.254.43518
  0xa9.0xfe.0xa9.0xfe 169.254.169.254. 169.254.170.2 168.63.129.16 192.0.0.1 192.0.0.192 192.0.2.1 198.51.100.1
  203.0.113.1 198.18.0.1 198.19.255.255 192.88.99.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 4294967295
  0xffffffff 037777777777 [::1] [0:0:0:0:0:0:0:1] [::ffff:a9fe:a9fe] [::ffff:169.254.169.254] [::ffff:10.0.0.1]
  [::ffff:c0a8:1] [::ffff:100.64.0.1] [::127.0.0.1] [::7f00:1] [::ffff:0:7f00:1] [::ffff:0:127.0.0.1]
  [64:ff9b::7f00:1] [64:ff9b::127.0.0.1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::a00:1] [2002:7f00:1::]
  [2002:a9fe:a9fe::1] [2002:c0a8:1::1] [2001:0:7f00:1::] [2001::1] [2001:0:53aa:64c:0:fbff:80ff:fffe] [fe80::1]
  [febf::1] [fec0::1] [fc00::1] [fd00::1] [fd00:ec2::254] [fd20:ce::254] [ff02::1] [ff0e::1] [2001:db8::1]
  [3fff::1] [100::1] [5f00::1] [2001:20::1] [2001:2::1] [4000::1] [::2] [fe80::5efe:127.0.0.1] db.internal
  metadata.google.internal printer.local router.lan nas.home.arpa postgres a.localhost localhost.localdomain
  x.localhost. kubernetes service.onion`
  .trim()
  .split(/\s+/);

const PLAIN = `
  http://example.com/ ftp://example.com/ file:///etc/passwd data:text/plain,hello gopher://example.com/
  ws://example.com/ javascript:alert(1) blob:https://example.com/1 about:blank unix:/var/run/docker.sock
  https://user@example.com/ https://user:secret@example.com/ https://127.0.0.1@example.com/
  https://:p@example.com/ https://example.com:22/ https://example.com:25/ https://example.com:80/
  https://example.com:0/ https://example.com@127.0.0.1/ https://example.com:443@127.0.0.1/
  https://127.0.0.1#@example.com/ https://127.0.0.1?@example.com/ https:127.0.0.1/ https:/127.0.0.1/
  https:///127.0.0.1/ https://[fe80::1%25eth0]/ https://[fe80::1%eth0]/ https://[::1%25lo]/ https://[::1 https://
  https://. https://./ https://.. https://256.0.0.1/ https://0x7f.0.0.0.1/ https://127.0.0.1:99999/ nothing
  //127.0.0.1/`
  .trim()
  .split(/\s+/);

/** Not only the host is wrong with them. */
export const OTHER_URLS = [
  ...PLAIN,
  'https://127.0.0.1\\@example.com/',
  'https:\\\\127.0.0.1\\',
  'https://\t127.0.0.1/',
  'ht\ntps://127.0.0.1/',
  ' https://127.0.0.1/',
  '',
];
