// "Ben is typing…", in a line that is there also when nobody does, so that nothing jumps.
import { useTypists } from 'activities-shared/chat/typing.ts';
import { displayName } from 'activities-shared/domain/names.ts';
import classes from './Typists.module.css';

export function Typists({ activityId, userId }: { activityId: string; userId: string }) {
  const typists = useTypists(activityId, userId);
  return (
    <div className={classes['line']} role="status" data-testid="typing">
      {typists.length > 0 && (
        <span className={classes['who']}>
          <span className={classes['dots']} aria-hidden>
            <i />
            <i />
            <i />
          </span>
          {typists.length > 2 ? 'Several people are' : `${typists.map(displayName).join(' and ')} ${typists.length === 1 ? 'is' : 'are'}`} typing
        </span>
      )}
    </div>
  );
}
