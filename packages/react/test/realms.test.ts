// @vitest-environment node
/// <reference types="node" />
// Answers may come from another realm than the app's code: a frame, or Node's `fetch` under Jest, as apps on React Native test with it.
import vm from 'node:vm';
import { describe, expect, it } from 'vitest';
import { isList, isObject } from '../src/cache/entities.js';

describe('Y4 values of another realm', () => {
  const elsewhere = (text: string): unknown => vm.runInNewContext(`JSON.parse(${JSON.stringify(text)})`);

  it('plain objects are plain, wherever they were parsed', () => {
    expect(isObject(elsewhere('{"id":"a"}'))).toBe(true);
    expect(isList(elsewhere('{"items":[{"id":"a"}]}'), 'id')).toBe(true);
    expect(isObject(elsewhere('[1]'))).toBe(false);
    expect(isObject(vm.runInNewContext('new Date(0)'))).toBe(false);
    expect(isObject(vm.runInNewContext('new Map()'))).toBe(false);
    expect(isObject(new (class Person {})())).toBe(false);
  });
});
