// The hooks of @tidewire/react in React Native's own components, over the platform of this package and the real engine.
import { afterEach, describe, expect, it } from '@jest/globals';
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query';
import { createTidewire, defineMutation, type Tidewire } from '@tidewire/client';
import { TidewireProvider, useOfflineMutation, useOfflineQueueStatus, useOutbox, useSocketConnection } from '@tidewire/react';
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react-native';
import { StrictMode, type ReactNode } from 'react';
import { Pressable, Text, View } from 'react-native';
import { Backend, phone, type Phone } from './world';

interface Activity {
  id: string;
  liked: boolean;
  likeCount: number;
}

const like = defineMutation<string>({
  name: 'activity.like',
  version: 1,
  request: (id) => ({ method: 'POST', path: `/api/activities/${id}/like` }),
  optimistic: (id, cache) => cache.patch<Activity>('activity', id, (it) => (it.liked ? it : { ...it, liked: true, likeCount: it.likeCount + 1 })),
  idempotent: true,
});

let clients: Tidewire[] = [];
let queries: QueryClient[] = [];
afterEach(() => {
  cleanup();
  for (const client of clients) client.stop();
  for (const query of queries) query.clear();
  [clients, queries] = [[], []];
});

function LikeButton(): ReactNode {
  const { data } = useQuery<Activity[]>({ queryKey: ['activities'], queryFn: () => [{ id: 'a1', liked: false, likeCount: 7 }], staleTime: Infinity });
  const { mutate } = useOfflineMutation(like);
  return (
    <Pressable accessibilityRole="button" onPress={() => mutate('a1')}>
      <Text>{`likes ${data?.[0]?.likeCount ?? '-'}`}</Text>
    </Pressable>
  );
}

function Status(): ReactNode {
  const { count, blocked } = useOfflineQueueStatus();
  const { status } = useSocketConnection();
  const { parked, retry } = useOutbox();
  return (
    <View>
      <Text>{`waiting ${count}${blocked === undefined ? '' : `, ${blocked}`}`}</Text>
      <Text>{`link ${status}`}</Text>
      {parked.map((write) => (
        <Pressable key={write.id} accessibilityRole="button" onPress={() => retry(write.id)}>
          <Text>{`parked ${write.error?.code}`}</Text>
        </Pressable>
      ))}
    </View>
  );
}

function open(given: Phone = phone()): { tw: Tidewire; backend: Backend; given: Phone } {
  const backend = new Backend();
  const queryClient = new QueryClient({ defaultOptions: { queries: { gcTime: Infinity } } });
  queries.push(queryClient);
  const rules = { entities: { activity: { id: 'id', keys: [['activities']] } } };
  const tw = createTidewire({ url: 'http://nowhere.invalid', user: 'ana', token: () => 'secret', platform: given.platform, request: backend.port, mutations: [like], rules });
  clients.push(tw as unknown as Tidewire);
  render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <TidewireProvider client={tw} queryClient={queryClient} connect={false}>
          <LikeButton />
          <Status />
        </TidewireProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
  return { tw: tw as unknown as Tidewire, backend, given };
}

describe('React Native', () => {
  it('A2 Q4 Q16 Q18 a like in a tunnel shows at once, waits, outlives the app, and is sent once when NetInfo says that the network is back', async () => {
    const given = phone();
    const first = open(given);
    await waitFor(() => screen.getByText('likes 7'));
    await given.network(false);
    fireEvent.press(screen.getByText('likes 7'));
    expect(screen.getByText('likes 8')).toBeTruthy();
    await waitFor(() => screen.getByText('waiting 1, offline'));
    expect(first.backend.requests).toHaveLength(0);
    screen.unmount();
    first.tw.stop();

    const second = open(given);
    await given.network(false);
    await waitFor(() => screen.getByText('likes 8'));
    await waitFor(() => screen.getByText('waiting 1, offline'));
    await given.network(true);
    await waitFor(() => expect(second.backend.requests).toHaveLength(1));
    const [sent] = second.backend.requests;
    expect(sent?.request).toMatchObject({ method: 'POST', url: 'http://nowhere.invalid/api/activities/a1/like' });
    await sent?.answer(200, 'applied');
    await waitFor(() => screen.getByText('waiting 0'));
    expect(screen.getByText('likes 8')).toBeTruthy();
    expect(second.backend.requests).toHaveLength(1);
  });

  it('A2 Q13 a refused like is rolled back, parked with its reason, and may be tried again', async () => {
    const { backend } = open();
    await waitFor(() => screen.getByText('likes 7'));
    fireEvent.press(screen.getByText('likes 7'));
    await waitFor(() => expect(backend.requests).toHaveLength(1));
    await backend.requests[0]?.answer(403, 'rejected');
    await waitFor(() => screen.getByText('likes 7'));
    fireEvent.press(await screen.findByText(/^parked /));
    await waitFor(() => expect(backend.requests).toHaveLength(2));
    await backend.requests[1]?.answer(200, 'applied');
    await waitFor(() => screen.getByText('waiting 0'));
    expect(screen.getByText('likes 8')).toBeTruthy();
  });

  it('C3 the app in the background makes no attempts, and one at once when it is back', async () => {
    const opened: string[] = [];
    const given = phone();
    const platform = { ...given.platform, polling: undefined, socket: { open: (url: string) => (opened.push(url), { send: () => undefined, close: () => undefined }) } };
    const { tw } = open({ ...given, platform });
    await waitFor(() => screen.getByText('likes 7'));
    await given.app('background');
    await act(async () => void tw.connect().catch(() => undefined));
    await waitFor(() => screen.getByText('waiting 0'));
    expect(opened).toEqual([]);
    await given.app('active');
    await waitFor(() => expect(opened).toHaveLength(1));
  });
});
