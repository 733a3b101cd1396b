// What is used of Expo's modules, which the repository's own checks do not install.
declare module 'expo-crypto' {
  export function getRandomValues<T extends Uint8Array>(typedArray: T): T;
}
declare module 'expo-secure-store' {
  export function getItem(key: string): string | null;
  export function setItem(key: string, value: string): void;
  export function deleteItemAsync(key: string): Promise<void>;
}
declare module 'expo-task-manager' {
  export function defineTask(name: string, task: () => Promise<number>): void;
}
declare module 'expo-background-task' {
  export enum BackgroundTaskResult {
    Success = 1,
    Failed = 2,
  }
  export function registerTaskAsync(name: string, options?: { minimumInterval?: number }): Promise<void>;
}
/** Filled in by Expo at build time. */
declare const process: { readonly env: { readonly [name: string]: string | undefined } };

/** React Native has it. */
declare const performance: { now(): number };
