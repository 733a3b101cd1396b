// Where the session is kept on a phone: the keychain, since it holds a token.
import { deleteItemAsync, getItem, setItem } from 'expo-secure-store';

export const drawer = {
  get: (name: string): string | null => getItem(name),
  set: (name: string, value: string | null): void => (value === null ? void deleteItemAsync(name) : setItem(name, value)),
};
