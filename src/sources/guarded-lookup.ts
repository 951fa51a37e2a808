import { lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { TransferError } from '../domain/errors.ts'
import { isPublicAddress } from '../domain/network-address.ts'

/** Who may be asked for a source's files. */
export interface NetworkAccess {
  /** Hosts, as in a URL and in lower case, that may be at any address: those of one's own network, and of this machine. */
  readonly allowedHosts: ReadonlySet<string>
  /** How names are resolved; default: as the system does. */
  readonly lookup?: LookupFunction
}

/**
 * Refuses a host that is an address itself, which is never looked up, unless it is public or allowed.
 *
 * @throws {TransferError} `CONFIG_INVALID`.
 */
export function ensureReachable(hostname: string, { allowedHosts }: NetworkAccess): void {
  const address = hostname.replace(/^\[(.*)\]$/, '$1')
  if (isIP(address) === 0 || allowedHosts.has(hostname) || isPublicAddress(address)) return
  throw notPublic(hostname, address)
}

/**
 * Resolves a name once, for the connection that is then made to what was found: all addresses of a name that is not allowed
 * have to be public, so it cannot lead to the machine's own network, its provider's metadata, or from one to the other.
 * The failure is a `TransferError` of `CONFIG_INVALID`.
 */
export function guardedLookup(access: NetworkAccess): LookupFunction {
  const lookup = access.lookup ?? systemLookup
  return (hostname, options, callback) => {
    if (access.allowedHosts.has(hostname.toLowerCase())) return lookup(hostname, options, callback)
    lookup(hostname, { ...options, all: true }, (failure, found) => {
      if (failure) return callback(failure, '')
      const addresses = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found
      const refused = addresses.find(({ address }) => !isPublicAddress(address))
      if (refused) return callback(notPublic(hostname, refused.address), '')
      const [first] = addresses
      if (options.all) return callback(null, addresses)
      callback(null, first?.address ?? '', first?.family)
    })
  }
}

function notPublic(hostname: string, address: string): TransferError {
  const where = hostname === address ? '' : ` is at ${address}, which`
  return new TransferError('CONFIG_INVALID', `host ${hostname}${where} is not on the public internet`, {
    hint: 'Name the host in ATHENA_TRANSFER_ALLOWED_HOSTS if sources may be read from it.',
    details: { host: hostname, address },
  })
}
