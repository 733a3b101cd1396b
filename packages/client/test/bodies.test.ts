import { describe, expect, it } from 'vitest';
import { Bodies, headOf } from '../src/host/bodies.js';

describe('C11 frames', () => {
  it.each([
    ['42["a",1]', ['a', 1]],
    ['4217["a"]', ['a']],
    ['42/chat[1],9["a"]', ['a']],
    ['40{"sid":"x"}', { sid: 'x' }],
    ['44{"message":"no"}', { message: 'no' }],
    ['451-["a",{"_placeholder":true,"num":0}]', ['a', { _placeholder: true, num: 0 }]],
  ])('keeps the JSON of %s', (frame, value) => {
    const bodies = new Bodies();
    const { body } = bodies.read(frame);
    expect(body.kind).toBe('Json');
    if (body.kind === 'Json' && Array.isArray(value)) expect(bodies.array(body.body)).toEqual(value);
    expect(bodies.size).toBe(1);
  });

  it.each(['', '2', '2probe', '0{"sid":"x"}', '4', '40', '41', '42garbage', '40/chat', '42/chat[1]'])('has nothing to keep of %j', (frame) => {
    const bodies = new Bodies();
    expect(bodies.read(frame).body).toEqual({ kind: 'None' });
    expect(bodies.size).toBe(0);
  });

  it('tells broken JSON', () => {
    const bodies = new Bodies();
    expect(bodies.read('42["a",').body).toEqual({ kind: 'Invalid' });
    expect(bodies.size).toBe(0);
  });

  it('does not parse what is too long anyway', () => {
    const bodies = new Bodies();
    const frame = `42["${'x'.repeat(1_000_000)}"]`;
    expect(bodies.read(frame)).toMatchObject({ length: frame.length, body: { kind: 'None' } });
  });

  it('the head has 1024 units and never ends within a surrogate pair', () => {
    expect(headOf('x'.repeat(1024))).toHaveLength(1024);
    expect(headOf('x'.repeat(1025))).toHaveLength(1024);
    const split = `${'x'.repeat(1023)}🌊yz`;
    expect(headOf(split)).toBe(`${'x'.repeat(1023)}🌊`);
    const whole = `${'x'.repeat(1022)}🌊yz`;
    expect(headOf(whole)).toBe(`${'x'.repeat(1022)}🌊`);
  });

  it('C8 keeps nothing after release, and gives an id to one body at a time', () => {
    const bodies = new Bodies();
    const ids = Array.from({ length: 1000 }, (_, at) => bodies.keep([at]));
    expect(new Set(ids).size).toBe(1000);
    bodies.release(ids);
    expect(bodies.size).toBe(0);
  });
});
