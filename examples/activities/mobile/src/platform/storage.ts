// Where writes and cached answers are kept. Made once: every client of this app must see the same.
import AsyncStorage from '@react-native-async-storage/async-storage';
import { asyncStorageStore } from '@tidewire/react-native';

export const storage = asyncStorageStore(AsyncStorage);
