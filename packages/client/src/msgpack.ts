// Entry `@tidewire/client/msgpack`: Socket.IO packets as MessagePack, for a server that uses `socket.io-msgpack-parser`. It turns such packets
// into the text and binary frames that everybody else speaks, and back; nothing behind it knows of the difference.
import { decode, encode, ExtensionCodec } from '@msgpack/msgpack';
import { withBytes, withoutBytes } from './host/attachments.js';
import type { SocketEvents, SocketLink, SocketPort } from './ports/port.js';

/** An Engine.IO message; all other packets of Engine.IO stay as they are. */
const MESSAGE = '4';
const EVENT = 2;
const CONNECT_ERROR = 4;
/** Added to the type of an event or an acknowledgement that has attachments. */
const BINARY = 3;
const DEFAULT_NAMESPACE = '/';
/** A frame that whoever reads it must refuse. */
const MALFORMED = '42[';

interface Packet {
  type: number;
  nsp: string;
  data?: unknown;
  id?: number;
}

type Frame = string | Uint8Array;

/** Give it to `createTidewire` as `parser`. */
export function msgpack(port: SocketPort): SocketPort {
  return {
    open(url, events) {
      const link = port.open(url, { ...events, binary: (bytes) => tell(events, bytes) });
      return packing(link);
    },
  };
}

function tell(events: SocketEvents, bytes: Uint8Array): void {
  for (const frame of framesOf(bytes)) {
    if (typeof frame === 'string') events.text(frame);
    else events.binary(frame);
  }
}

/** Gathers a packet and its attachments, and sends them as one. */
function packing(link: SocketLink): SocketLink {
  let gathering: { readonly packet: Packet; readonly count: number; readonly parts: Uint8Array[] } | undefined;
  const put = (packet: Packet): void => link.send(encode(packet, { ignoreUndefined: true }));
  return {
    send(frame) {
      if (typeof frame === 'string') {
        if (!frame.startsWith(MESSAGE)) return link.send(frame);
        const { packet, count } = packetOf(frame);
        if (count === 0) return put(packet);
        gathering = { packet, count, parts: [] };
        return;
      }
      if (gathering === undefined) return;
      const { packet, count, parts } = gathering;
      parts.push(frame);
      if (parts.length < count) return;
      gathering = undefined;
      put({ ...packet, data: withBytes(packet.data, parts) });
    },
    close: () => link.close(),
  };
}

const TEXT = /^4([0-6])(?:(\d+)-)?(?:(\/[^,]*),)?(\d+)?/;

function packetOf(frame: string): { readonly packet: Packet; readonly count: number } {
  const [head = '', digit, attachments, nsp = DEFAULT_NAMESPACE, id] = TEXT.exec(frame) ?? [];
  const type = Number(digit);
  const json = frame.slice(head.length);
  const packet: Packet = { type: type > CONNECT_ERROR ? type - BINARY : type, nsp };
  if (json !== '') packet.data = JSON.parse(json) as unknown;
  if (id !== undefined) packet.id = Number(id);
  return { packet, count: Number(attachments ?? 0) };
}

function framesOf(bytes: Uint8Array): Frame[] {
  const packet = read(bytes);
  if (packet === undefined) return [MALFORMED];
  const { type, nsp, data, id } = packet;
  const parts: Uint8Array[] = [];
  const json = withoutBytes(data, parts) ?? '';
  const head = parts.length === 0 ? `${MESSAGE}${type}` : `${MESSAGE}${type + BINARY}${parts.length}-`;
  return [`${head}${nsp === DEFAULT_NAMESPACE ? '' : `${nsp},`}${id ?? ''}${json}`, ...parts];
}

function read(bytes: Uint8Array): Packet | undefined {
  let packet: unknown;
  try {
    packet = decode(bytes, { extensionCodec });
  } catch {
    return undefined;
  }
  if (typeof packet !== 'object' || packet === null || !('type' in packet) || !('nsp' in packet)) return undefined;
  const { type, nsp } = packet;
  const id = 'id' in packet ? packet.id : undefined;
  const data = 'data' in packet ? packet.data : undefined;
  if (typeof type !== 'number' || !(type >= 0 && type <= CONNECT_ERROR && type % 1 === 0)) return undefined;
  // A comma would end the namespace early in the text form.
  if (typeof nsp !== 'string' || !/^\/[^,]*$/.test(nsp)) return undefined;
  if (id !== undefined && !(typeof id === 'number' && Number.isSafeInteger(id) && id >= 0)) return undefined;
  // Only these two may have attachments.
  const mayBeBinary = type === EVENT || type === EVENT + 1;
  if (mayBeBinary !== Array.isArray(data)) return undefined;
  return { type, nsp, ...(data === undefined ? {} : { data }), ...(id === undefined ? {} : { id }) };
}

/** The encoder of `socket.io-msgpack-parser` (notepack.io 2.2) has one extension for three things; only their lengths tell them apart. */
const extensionCodec = new ExtensionCodec();
extensionCodec.register({
  type: 0,
  encode: () => null,
  decode: (bytes) => {
    if (bytes.length === 1 && bytes[0] === 0) return undefined;
    const time = bytes.length === 8 ? timeOf(bytes) : undefined;
    return time ?? bytes.slice();
  },
});

/** Milliseconds since 1970 in eight bytes; undefined if that is no date. */
function timeOf(bytes: Uint8Array): Date | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const date = new Date(view.getInt32(0) * 2 ** 32 + view.getUint32(4));
  return Number.isNaN(date.getTime()) ? undefined : date;
}
