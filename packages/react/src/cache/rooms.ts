// Which rooms change which queries: the table of room patterns, read in both directions (Y1). Pure.

import type { QueryKey, SyncRules } from '@tidewire/client';
import { partialMatchKey } from '@tanstack/react-query';

interface Pattern {
  readonly names: readonly string[];
  readonly expression: RegExp;
  readonly build: (params: { readonly [name: string]: string }) => string;
  /** The key prefixes with a mark in place of each parameter. */
  readonly templates: readonly QueryKey[];
}

const MARK = '\u0000';
const mark = (name: string): string => `${MARK}${name}${MARK}`;

export class RoomTable {
  readonly #patterns: readonly Pattern[];

  constructor(rules: SyncRules<object> | undefined) {
    this.#patterns = Object.entries(rules?.rooms ?? {}).map(([pattern, keys]) => compile(pattern, keys));
  }

  /** Whether the table has an entry for this room. */
  has(room: string): boolean {
    return this.#patterns.some((pattern) => pattern.expression.test(room));
  }

  /** The rooms whose events change the query with this key. */
  roomsOf(key: QueryKey): string[] {
    const rooms = new Set<string>();
    for (const pattern of this.#patterns) {
      for (const template of pattern.templates) {
        const params = matchTemplate(template, key);
        if (params && pattern.names.every((name) => params[name] !== undefined)) rooms.add(pattern.build(params));
      }
    }
    return [...rooms];
  }
}

function compile(pattern: string, keys: (params: { readonly [name: string]: string }) => readonly QueryKey[]): Pattern {
  const names: string[] = [];
  const source = pattern.split(/(:[A-Za-z]\w*)/).map((part) => {
    if (!part.startsWith(':') || part.length === 1) return escape(part);
    names.push(part.slice(1));
    return '(.+?)';
  });
  const build: Pattern['build'] = (params) => pattern.replace(/:([A-Za-z]\w*)/g, (_all, name: string) => params[name] ?? '');
  const templates = keys(Object.fromEntries(names.map((name) => [name, mark(name)])));
  return { names, expression: new RegExp(`^${source.join('')}$`, 's'), build, templates };
}

function matchTemplate(template: QueryKey, key: QueryKey): Record<string, string> | undefined {
  if (key.length < template.length) return undefined;
  const params: Record<string, string> = {};
  const fits = template.every((part, index) => matchPart(part, key[index], params));
  return fits ? params : undefined;
}

function matchPart(part: unknown, actual: unknown, params: Record<string, string>): boolean {
  if (typeof part !== 'string' || !part.includes(MARK)) return partialMatchKey([actual], [part]);
  if (typeof actual !== 'string' && typeof actual !== 'number') return false;
  const names: string[] = [];
  const source = part.split(new RegExp(`(${MARK}\\w+${MARK})`)).map((piece) => {
    if (!piece.startsWith(MARK)) return escape(piece);
    names.push(piece.slice(1, -1));
    return '(.+?)';
  });
  const found = new RegExp(`^${source.join('')}$`, 's').exec(String(actual));
  if (!found) return false;
  for (const [index, name] of names.entries()) {
    const value = found[index + 1] ?? '';
    if (params[name] !== undefined && params[name] !== value) return false;
    params[name] = value;
  }
  return true;
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
