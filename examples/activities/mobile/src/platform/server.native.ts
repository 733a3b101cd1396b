// Where the server is: `EXPO_PUBLIC_ACTIVITIES_SERVER=http://192.168.1.20:4680 npx expo start`, the address of the computer in the phone's network.
export const server = process.env['EXPO_PUBLIC_ACTIVITIES_SERVER'] ?? 'http://localhost:4680';
