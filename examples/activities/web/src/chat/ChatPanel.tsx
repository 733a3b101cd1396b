// The chat's place: for participants the chat itself, for others the way in.
import { Button } from '@mantine/core';
import { useOfflineMutation, useRoom } from '@tidewire/react';
import type { WriteSnapshot } from '@tidewire/client';
import { IconClock, IconLock, IconMessages } from '@tabler/icons-react';
import { useState } from 'react';
import { useReadReceipts } from 'activities-shared/chat/useReadReceipts.ts';
import type { Activity, User } from 'activities-shared/domain/types.ts';
import { chatRoom } from 'activities-shared/tidewire/keys.ts';
import { joinActivity } from 'activities-shared/tidewire/mutations.ts';
import { useMessages } from 'activities-shared/tidewire/queries.ts';
import { useWrites } from 'activities-shared/tidewire/useWrites.ts';
import { Notice } from '../shell/Notice.tsx';
import { QueryNotice } from '../shell/QueryNotice.tsx';
import { Composer } from './Composer.tsx';
import { MessageList } from './MessageList.tsx';
import { Typists } from './Typists.tsx';
import classes from './ChatPanel.module.css';

export function ChatPanel({ activity, creation, user }: { activity: Activity; creation: WriteSnapshot | undefined; user: User }) {
  const writes = useWrites();
  const join = useOfflineMutation(joinActivity);

  if (activity.joined !== true) {
    return (
      <Notice
        icon={<IconMessages size={24} />}
        title="The chat is for those who are going"
        action={<Button variant="light" radius="xl" data-testid="join-to-chat" onClick={() => join.mutate({ activityId: activity.id })}>Join to chat</Button>}
      >
        Join, and you see what was said and can answer.
      </Notice>
    );
  }
  return <Chat activityId={activity.id} user={user} admitted={creation === undefined && writes.find('activity.join', activity.id) === undefined} />;
}

/** `admitted`: the server knows that this person belongs here. Until then it would give nothing away. */
function Chat({ activityId, user, admitted }: { activityId: string; user: User; admitted: boolean }) {
  const room = useRoom(admitted ? chatRoom(activityId) : null);
  const query = useMessages(activityId, admitted);
  const writes = useWrites();
  const [sent, setSent] = useState(0);
  useReadReceipts(query.data, user.id);

  if (query.data === undefined) {
    if (!admitted) {
      return (
        <Notice icon={<IconClock size={24} />} title="The chat opens once this is sent">
          That you are going is kept on this device, and goes out by itself when there is a connection.
        </Notice>
      );
    }
    if (query.isError || query.isPaused) return <QueryNotice query={query} what="This chat" />;
    return <div className={classes['loading']} role="status" aria-label="Loading the chat" />;
  }
  if (room === 'denied' && admitted && query.isError) {
    return <Notice icon={<IconLock size={24} />} title="You are not in this chat any more" role="alert" />;
  }
  return (
    <section className={classes['chat']} aria-label="Chat">
      <MessageList messages={query.data} user={user} sent={sent} writeOf={(id) => writes.find('message.send', id)} />
      <Typists activityId={activityId} userId={user.id} />
      <Composer activityId={activityId} userId={user.id} onSent={() => setSent((count) => count + 1)} />
    </section>
  );
}
