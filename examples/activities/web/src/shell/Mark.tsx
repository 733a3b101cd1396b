// The app's mark: two waves.
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 64 64" aria-hidden focusable="false" style={{ flex: 'none' }}>
      <rect width="64" height="64" rx="18" fill="#0d6b74" />
      <path d="M12 27c6.7-7 13.3-7 20 0s13.3 7 20 0" fill="none" stroke="#fff" strokeWidth="5.5" strokeLinecap="round" />
      <path d="M12 41c6.7-7 13.3-7 20 0s13.3 7 20 0" fill="none" stroke="#8fd6d6" strokeWidth="5.5" strokeLinecap="round" />
    </svg>
  );
}
