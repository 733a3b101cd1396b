// Hermes has no `crypto`: Expo's takes its place.
export { getRandomValues } from 'expo-crypto';
