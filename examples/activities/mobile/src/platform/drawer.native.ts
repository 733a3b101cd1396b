// Where the session is kept on a phone: the keychain, since it holds a token.
import { deleteItemAsync, getItem, setItem } from 'expo-secure-store';

const key = (name: string): string => `activities.${name}`;

export const drawer = {
  get: (name: string): string | null => getItem(key(name)),
  set: (name: string, value: string | null): void => (value === null ? void deleteItemAsync(key(name)) : setItem(key(name), value)),
};
