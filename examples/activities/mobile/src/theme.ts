// The app's colours and measures, for a light and a dark scheme: the web app's, as React Native takes them.
import { useColorScheme } from 'react-native';

export interface Palette {
  readonly canvas: string;
  readonly surface: string;
  readonly sunken: string;
  readonly line: string;
  readonly ink: string;
  readonly soft: string;
  readonly tide: string;
  readonly wash: string;
  readonly onTide: string;
  readonly heart: string;
  readonly heartWash: string;
  readonly sun: string;
  readonly sunWash: string;
  readonly alarm: string;
  readonly alarmWash: string;
  readonly mine: string;
  readonly theirs: string;
  /** Discs of people: background and letters. */
  readonly tints: readonly (readonly [string, string])[];
}

const light: Palette = {
  canvas: '#f5f6f4', surface: '#ffffff', sunken: '#eef0ee', line: '#e2e6e3', ink: '#16211f', soft: '#53615f',
  tide: '#0d6b74', wash: '#e2f1f1', onTide: '#ffffff', heart: '#c9304c', heartWash: '#fdebee', sun: '#8a5a00', sunWash: '#fdf2d9',
  alarm: '#b3261e', alarmWash: '#fdecea', mine: '#cfe9e9', theirs: '#e8ecea',
  tints: [['#d6ecec', '#0b5b63'], ['#f6dfd5', '#8d4220'], ['#e3e0f5', '#4f449a'], ['#f5e6c4', '#75540a'], ['#dcebd4', '#3c6526'], ['#f5dbe4', '#8c2f55']],
};

const dark: Palette = {
  canvas: '#0f1517', surface: '#161e21', sunken: '#1d272b', line: '#273236', ink: '#e7edec', soft: '#9fb0b0',
  tide: '#56bcc3', wash: '#173438', onTide: '#07272b', heart: '#ff8597', heartWash: '#3a1f27', sun: '#f0bf5d', sunWash: '#352a13',
  alarm: '#ff9a8f', alarmWash: '#3a1f1c', mine: '#1a4046', theirs: '#222d31',
  tints: [['#1d4348', '#8fd6d6'], ['#482a1f', '#f0b295'], ['#322e52', '#bdb4f3'], ['#44371a', '#e7c679'], ['#2b4023', '#aed69b'], ['#482637', '#f0a9c4']],
};

export const usePalette = (): Palette => (useColorScheme() === 'dark' ? dark : light);
