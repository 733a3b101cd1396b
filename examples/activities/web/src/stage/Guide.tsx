// The first minute as one next step at a time.
import { Text } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import type { Progress } from './guide.ts';
import classes from './Guide.module.css';

interface Step {
  readonly key: keyof Progress;
  readonly title: string;
  readonly text: string;
}

const STEPS: readonly Step[] = [
  { key: 'liked', title: 'Like it on Ana’s phone', text: 'Tap the heart. Ben’s count moves, and you read here how long that took.' },
  { key: 'entered', title: 'Take Ana into the tunnel', text: 'The button is below her phone. Her network is gone.' },
  { key: 'changed', title: 'Go on as if nothing had happened', text: 'Unlike, rename, write two messages, start an activity. Everything is instant and carries a clock. Let Ben write to her meanwhile.' },
  { key: 'killedApp', title: 'Kill Ana’s app', text: 'Everything that waits was on disk before you saw it. It opens on the same screen.' },
  { key: 'killedServer', title: 'Kill the server', text: 'A real kill -9. Start it again whenever you like.' },
  { key: 'left', title: 'Leave the tunnel', text: 'The queue drains, each lane in order. One answer gets lost on the way out: asked again, the server replays it and changes nothing.' },
];

const DONE = {
  title: 'Nothing lost, nothing twice',
  text: 'One more: with Ana in the tunnel, rename the same activity on both phones. Hers is refused, kept, and explained.',
};

const REFUSED = {
  title: 'Refused, and nothing lost',
  text: 'Her words stay on her phone, with the reason. She sends them again over Ben’s, changes them, or gives them up.',
};

/** `refused`: a write is refused, and its person has not decided yet. */
export function Guide({ done, canKillServer, refused }: { done: Progress; canKillServer: boolean; refused: boolean }) {
  const steps = STEPS.filter(({ key }) => key !== 'killedServer' || canKillServer);
  const next = steps.find(({ key }) => !done[key]);
  const count = steps.filter(({ key }) => done[key]).length;
  const end = refused ? REFUSED : DONE;
  const { title, text } = next ?? end;
  return (
    <section className={classes['guide']} aria-label="What to try" data-testid="guide" data-step={next?.key ?? 'done'}>
      <div className={classes['dots']} role="img" aria-label={`${count} of ${steps.length} steps done`}>
        {steps.map(({ key }) => (
          <span key={key} className={classes['dot']} data-done={done[key] || undefined} data-next={key === next?.key || undefined} />
        ))}
      </div>
      <div className={classes['place']}>
        {/* As high as the longest step, so that nothing below moves from one to the next. */}
        {[...steps, DONE, REFUSED].map((step) => (
          <div key={step.title} className={classes['room']} aria-hidden>
            <p className={classes['title']}>{step.title}</p>
            <p className={classes['text']}>{step.text}</p>
          </div>
        ))}
        <div key={title} className={classes['step']} role="status">
          <Text component="h2" className={classes['title']}>
            {next === undefined && <IconCircleCheck size={20} aria-hidden />}
            {title}
          </Text>
          <Text className={classes['text']}>{text}</Text>
        </div>
      </div>
    </section>
  );
}
