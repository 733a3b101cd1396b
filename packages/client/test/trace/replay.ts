// What runs in each engine: all traces, or the benchmark. The file is bundled with one engine, and the traces in it.

import { rawEngine } from '../../src/engine/binding.js';
import { instantiate } from 'engine-under-test';
import { traces } from 'recorded-traces';
import { replay } from './driver.js';

export const outcomes = traces.map(({ name, text }) => replay(name, text, () => rawEngine(instantiate())));
