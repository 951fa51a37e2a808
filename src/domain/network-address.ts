import { BlockList, isIP } from 'node:net'

/** Networks that are not the public internet's: of a machine, a site, a provider's own services, or nobody's. */
const NOT_PUBLIC: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  // Shared address space; Alibaba's metadata service is in it.
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // Azure's address of a machine's host.
  ['168.63.129.16', 32],
  // Link-local: the metadata services of AWS, Google and Azure.
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  // IETF's own; Oracle's metadata service is in it.
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast, reserved, broadcast.
  ['224.0.0.0', 3],
]

/**
 * Of IPv6 only global unicast is public, so loopback, link-local, unique local (AWS's metadata service at fd00:ec2::254) and
 * those that hold an IPv4 address are not; and not all of it: tunnels, which hold one too, and what is for documentation.
 */
const GLOBAL_UNICAST_6 = ['2000::', 3] as const

const NOT_PUBLIC_6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

/** True for an address, as text, that any machine of the internet may be asked at; false for all others, and for text that is none. */
export function isPublicAddress(address: string): boolean {
  const text = address.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(text)
  if (family === 4) return !listOf(NOT_PUBLIC, 'ipv4').check(text, 'ipv4')
  if (family !== 6 || !listOf([GLOBAL_UNICAST_6], 'ipv6').check(text, 'ipv6')) return false
  return !listOf(NOT_PUBLIC_6, 'ipv6').check(text, 'ipv6')
}

function listOf(networks: typeof NOT_PUBLIC, family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList()
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, family)
  return list
}
