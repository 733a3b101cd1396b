// The demo: Ana's phone and Ben's side by side, what goes between them, and the server to be killed. Each phone is the app itself in a frame
// of its own: this page only hears what the phones tell, and asks them for what a person could do.
import { MantineProvider, SegmentedControl, Text, Title } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useEffect, useMemo, useRef, useState } from 'react';
import { displayName } from 'activities-shared/domain/names.ts';
import { tell, told, type Report } from '../phone/report.ts';
import { Mark } from '../shell/Mark.tsx';
import { resolver, theme } from '../theme/theme.ts';
import { Between } from './Between.tsx';
import { controlIn, useServer } from './control.ts';
import { Device } from './Device.tsx';
import { BEGINNING, progress } from './guide.ts';
import { after, afterKill, EMPTY, PEOPLE, type Person } from './ledger.ts';
import { SchemeSwitch } from './SchemeSwitch.tsx';
import classes from './Stage.module.css';

export default function Stage() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={resolver} defaultColorScheme="auto">
      <Page />
    </MantineProvider>
  );
}

function Page() {
  const [ledger, setLedger] = useState(EMPTY);
  const [crashes, setCrashes] = useState(0);
  const [done, setDone] = useState(BEGINNING);
  const [shown, setShown] = useState<Person>('ana');
  const single = useMediaQuery('(max-width: 759px)', undefined, { getInitialValueInEffect: false });
  const missed = Object.values(ledger.phones).some(({ connection, dark }) => connection === 'connecting' && !dark);
  const server = useServer(useMemo(() => controlIn(location.hash), []), missed);
  const frames = useRef<Partial<Record<Person, HTMLIFrameElement | null>>>({});

  useEffect(() => {
    const hear = (event: MessageEvent<unknown>): void => {
      const from = PEOPLE.find((person) => frames.current[person]?.contentWindow === event.source);
      const report = from === undefined ? undefined : told<Report>(event);
      if (from !== undefined && report !== undefined) setLedger((before) => after(before, from, report, performance.now()));
    };
    window.addEventListener('message', hear);
    return () => window.removeEventListener('message', hear);
  }, []);
  const now = progress(done, ledger, crashes, server.kills);
  if ((Object.keys(now) as (keyof typeof now)[]).some((step) => now[step] !== done[step])) setDone(now);

  const turn = (person: Person, dark: boolean): void => {
    const phone = frames.current[person]?.contentWindow;
    if (phone) tell(phone, { kind: 'tunnel', dark, losing: dark ? 0 : 1 });
  };
  const kill = (person: Person): void => {
    if (ledger.phones[person].pending > 0) setCrashes((count) => count + 1);
    setLedger((before) => afterKill(before, person, performance.now()));
    frames.current[person]?.contentWindow?.location.reload();
  };
  const device = (person: Person) => (
    <Device
      key={person}
      person={person}
      state={ledger.phones[person]}
      hidden={single === true && shown !== person}
      frame={(element) => {
        frames.current[person] = element;
      }}
      onTunnel={(dark) => turn(person, dark)}
      onKill={() => kill(person)}
    />
  );

  return (
    <div className={classes['page']}>
      <header className={classes['header']}>
        <div className={classes['brand']}>
          <Mark size={36} />
          <div>
            <Title order={1} className={classes['title']}>Activities on two phones</Title>
            <Text className={classes['lead']}>Take the network away, kill the app, kill the server. Nothing is lost, nothing happens twice.</Text>
          </div>
        </div>
        <SchemeSwitch />
      </header>
      <main className={classes['stage']}>
        {single === true && (
          <SegmentedControl
            className={classes['which'] ?? ''}
            fullWidth
            radius="xl"
            aria-label="Which phone is shown"
            value={shown}
            onChange={(value) => setShown(value === 'ben' ? 'ben' : 'ana')}
            data={PEOPLE.map((person) => ({ value: person, label: `${displayName(person)}’s phone` }))}
          />
        )}
        {device('ana')}
        <Between ledger={ledger} done={now} server={server} />
        {device('ben')}
      </main>
    </div>
  );
}
