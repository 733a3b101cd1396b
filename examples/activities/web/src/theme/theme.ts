// Mantine's theme: the app's colour, letters and corners. Measures and shades live in tokens.css.
import { createTheme, defaultVariantColorsResolver, type CSSVariablesResolver, type MantineColorsTuple, type VariantColorsResolver } from '@mantine/core';

const tide: MantineColorsTuple = [
  '#e6f5f5', '#d3eaea', '#a6d5d6', '#79c1c3', '#54b0b4', '#3aa3a9', '#20959c', '#0f7f88', '#0d6b74', '#0a565e',
];

/** Mantine's greys of the dark scheme, in the app's tint. */
const dark: MantineColorsTuple = [
  '#e7edec', '#c3cfce', '#9fb0b0', '#809292', '#37454a', '#2a353a', '#1c262a', '#161e21', '#11181b', '#0c1214',
];

/** What is filled with the app's colour has a letter colour for each scheme. */
const variantColorResolver: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  const ours = input.color === undefined || input.color === 'tide';
  return ours && input.variant === 'filled'
    ? { ...colors, background: 'var(--tide)', hover: 'var(--tide-strong)', color: 'var(--on-tide)' }
    : colors;
};

const font = '"Figtree Variable", ui-sans-serif, system-ui, -apple-system, "Segoe UI", sans-serif';

export const theme = createTheme({
  primaryColor: 'tide',
  primaryShade: { light: 8, dark: 4 },
  colors: { tide, dark },
  fontFamily: font,
  headings: { fontFamily: font, fontWeight: '650' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  variantColorResolver,
  focusRing: 'auto',
  respectReducedMotion: true,
});

/** Mantine's own surfaces take the app's tokens. In each scheme, since Mantine sets its own values there. */
const surfaces = {
  '--mantine-color-body': 'var(--surface)',
  '--mantine-color-text': 'var(--ink)',
  '--mantine-color-dimmed': 'var(--ink-soft)',
  '--mantine-color-placeholder': 'var(--ink-faint)',
  '--mantine-color-default': 'var(--surface)',
  '--mantine-color-default-hover': 'var(--surface-sunken)',
  '--mantine-color-default-border': 'var(--line)',
  '--mantine-color-error': 'var(--alarm)',
  '--mantine-color-anchor': 'var(--tide)',
  '--mantine-color-tide-light': 'var(--tide-wash)',
  '--mantine-color-tide-light-hover': 'var(--tide-wash-hover)',
  '--mantine-color-tide-light-color': 'var(--tide)',
  '--mantine-color-gray-light-color': 'var(--ink-soft)',
  '--mantine-color-gray-outline': 'var(--ink-faint)',
};

export const resolver: CSSVariablesResolver = () => ({ variables: {}, light: surfaces, dark: surfaces });
