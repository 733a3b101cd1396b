// The heart with its count. Changes in the tick of the tap, with or without a network.
import { UnstyledButton } from '@mantine/core';
import { useOfflineMutation } from '@tidewire/react';
import { IconHeart, IconHeartFilled } from '@tabler/icons-react';
import type { Activity } from 'activities-shared/domain/types.ts';
import { likeActivity, unlikeActivity } from 'activities-shared/tidewire/mutations.ts';
import classes from './LikeButton.module.css';

export function LikeButton({ activity, testId, countTestId, large = false }: {
  activity: Activity;
  testId: string;
  countTestId: string;
  large?: boolean;
}) {
  const like = useOfflineMutation(likeActivity);
  const unlike = useOfflineMutation(unlikeActivity);
  const liked = activity.liked === true;
  const Icon = liked ? IconHeartFilled : IconHeart;

  return (
    <UnstyledButton
      className={classes['like']}
      data-testid={testId}
      data-liked={liked || undefined}
      data-large={large || undefined}
      aria-pressed={liked}
      aria-label={`Like ${activity.title}, ${activity.likeCount} ${activity.likeCount === 1 ? 'like' : 'likes'}`}
      onClick={() => (liked ? unlike : like).mutate({ activityId: activity.id })}
    >
      <Icon size={large ? 20 : 21} aria-hidden className={classes['heart']} key={String(liked)} />
      <span data-testid={countTestId}>{activity.likeCount}</span>
    </UnstyledButton>
  );
}
