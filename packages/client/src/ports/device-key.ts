// A key that lives in the browser (Q23): made once, kept in an IndexedDB database of its own, never readable. Knows nothing of what it seals.
import { StoreFault } from './port.js';

const KEYS = 'keys';

/**
 * A key of this browser, made at the first call and kept in a database of its own. It cannot be read out, also not by the page: it protects
 * the records from whoever copies the disk or the profile's store without the browser, not from code that runs on the page.
 */
export async function deviceKey(name = 'tidewire-key'): Promise<CryptoKey> {
  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(KEYS);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(new StoreFault('Failed', 'The key cannot be read'));
  });
  try {
    return await new Promise<CryptoKey>((resolve, reject) => {
      // In one transaction: two tabs that come at the same time get the same key.
      const keys = database.transaction(KEYS, 'readwrite').objectStore(KEYS);
      const found = keys.get('store') as IDBRequest<CryptoKey | undefined>;
      found.onsuccess = () => {
        const key = found.result ?? made;
        if (found.result === undefined) keys.put(key, 'store');
        keys.transaction.oncomplete = () => resolve(key);
      };
      keys.transaction.onabort = () => reject(new StoreFault('Failed', 'The key cannot be stored'));
    });
  } finally {
    database.close();
  }
}
