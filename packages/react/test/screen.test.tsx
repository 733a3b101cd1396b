// The same on the real screen: every change of the count's text in the DOM, under React with StrictMode (Q16).

import { StrictMode, type ReactNode } from 'react';
import { QueryClientProvider, useQuery, type QueryClient } from '@tanstack/react-query';
import { act, cleanup, render } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { at, like, picnic, type Activity } from './support/activities.js';
import { makeScene, type Scene } from './support/scene.js';

/** Every text that the element showed, from the DOM itself. */
function texts(element: Element): string[] {
  const seen = [element.textContent ?? ''];
  const observer = new MutationObserver(() => {
    const now = element.textContent ?? '';
    if (now !== seen.at(-1)) seen.push(now);
  });
  observer.observe(element, { characterData: true, childList: true, subtree: true });
  return seen;
}

let answers: ((data: unknown) => void)[] = [];
const ask = (): Promise<unknown> => new Promise((resolve) => answers.push(resolve));

function Count(): ReactNode {
  const list = useQuery<Activity[]>({ queryKey: ['activities'], queryFn: ask as () => Promise<Activity[]> });
  const detail = useQuery<Activity>({ queryKey: ['activity', 'a1'], queryFn: ask as () => Promise<Activity> });
  if (!list.data || !detail.data) return <p>loading</p>;
  return (
    <>
      <b data-testid="list">{list.data[0]?.likeCount}</b>
      <b data-testid="detail">{detail.data.likeCount}</b>
    </>
  );
}

const App = ({ queryClient }: { queryClient: QueryClient }): ReactNode => (
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Count />
    </QueryClientProvider>
  </StrictMode>
);

describe('Q16 the count on the screen', () => {
  let scene: Scene;
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
    answers = [];
    scene = makeScene();
  });
  afterEach(() => {
    cleanup();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const settle = async (work: () => void): Promise<void> => {
    await act(async () => {
      work();
      await vi.advanceTimersByTimeAsync(1);
    });
    scene.timers.advance(16);
    await act(async () => void (await vi.advanceTimersByTimeAsync(1)));
  };
  const read = (activity: Activity, offset: number, applied: number[]): unknown[] => [
    scene.engine.body([{ ...activity }], [at('activities', offset)], applied),
    scene.engine.body({ ...activity }, [at('activities', offset)], applied),
  ];
  const answer = (bodies: unknown[]): void => {
    const open = answers.splice(0);
    bodies.forEach((body, index) => open[index]?.(body));
  };
  const liked = { ...picnic, liked: true, likeCount: 2 };
  const event = (): void =>
    scene.engine.arrives({ name: 'activity:like_added', payload: { activityId: 'a1', userId: 'ana', likeCount: 2 }, position: at('activities', 8), write: 'w1' });

  it('Q16 Q17 is 1, 2 with refetches before, between and after commit, answer and event', async () => {
    const view = render(<App queryClient={scene.queryClient} />);
    await settle(() => answer(read(picnic, 7, [])));
    const list = texts(view.getByTestId('list'));
    const detail = texts(view.getByTestId('detail'));
    await settle(() => void scene.queryClient.invalidateQueries());
    await settle(() => scene.engine.tap('w1', 1, like('a1')));
    await settle(() => answer(read(picnic, 7, []))); // begun before the tap
    await settle(() => void scene.queryClient.invalidateQueries());
    await settle(() => answer(read(liked, 8, [1]))); // between commit and answer
    await settle(() => scene.engine.answered('w1'));
    await settle(event);
    await settle(() => void scene.queryClient.invalidateQueries());
    await settle(() => answer(read(liked, 8, [1])));
    expect(list).toEqual(['1', '2']);
    expect(detail).toEqual(['1', '2']);
  });

  it('Q16 Y6 a fetch that is cancelled and restores its start state changes nothing on the screen', async () => {
    const view = render(<App queryClient={scene.queryClient} />);
    await settle(() => answer(read(picnic, 7, [])));
    const list = texts(view.getByTestId('list'));
    await settle(() => void scene.queryClient.invalidateQueries());
    await settle(() => scene.engine.tap('w1', 1, like('a1')));
    await settle(event);
    await settle(() => void scene.queryClient.cancelQueries());
    expect(list).toEqual(['1', '2']);
    expect(scene.queryClient.getQueryData<Activity[]>(['activities'])?.[0]?.likeCount).toBe(2);
  });

  it('Q18 a refused write shows 1, 2, 1', async () => {
    const view = render(<App queryClient={scene.queryClient} />);
    await settle(() => answer(read(picnic, 7, [])));
    const list = texts(view.getByTestId('list'));
    await settle(() => scene.engine.tap('w1', 1, like('a1')));
    await settle(() => scene.engine.refused('w1'));
    expect(list).toEqual(['1', '2', '1']);
  });
});
